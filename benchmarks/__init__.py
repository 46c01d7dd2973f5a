"""How fast is faltung, beside what others reach and what the machine can do? ``python -m benchmarks``."""
