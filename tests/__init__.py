"""The stories, laws, simulations and measurements that hold Signalbox to its word."""
