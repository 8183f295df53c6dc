"""Who said what, how sure, when it could be known, and what follows for a number."""
