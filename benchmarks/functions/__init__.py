"""The functions domain: the convolution integral beside chebpy, OpenTURNS, SymPy and quad point by point."""
