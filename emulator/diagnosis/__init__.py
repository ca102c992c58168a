"""Why a signature is wrong: the known mistakes, and the search for those that explain a value."""
