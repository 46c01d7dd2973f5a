"""What the operations mean: the definition and its words, without a thought of speed."""
