"""What many nodes cost: measured on few, and simulated for many."""
