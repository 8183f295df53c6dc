"""From a program to runs: draws, the reference engine, the native kernel, laws, ensembles."""
