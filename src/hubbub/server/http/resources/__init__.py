"""What can be asked for over HTTP: a module for each resource, in which each route stands beside its description."""
