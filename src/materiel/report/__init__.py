"""What people read: one HTML file that opens from disk, without a network and without scripts."""
