"""Ways to compute the definition's sum, one file each: refuse, or state cost and error bound."""
