"""What a frame costs; each section of benchmark.py is a module, beside what they share."""
