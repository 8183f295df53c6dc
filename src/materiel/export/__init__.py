"""The program of a case for other tools: as a flat model of named scalar equations, and as text that they read."""
