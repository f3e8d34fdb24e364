"""What a maintainer does before a release: initialise, add, build the examples."""
