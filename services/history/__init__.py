"""What a session, a decision or a shadow run looked like, told afterwards."""
