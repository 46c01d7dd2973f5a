"""From what the user said to one frozen value: the Problem, the kernel, the numbered steps."""
