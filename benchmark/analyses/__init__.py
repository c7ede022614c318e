"""What is worked out beyond the leaderboard: one folder is one analysis is one plugin; none imports another."""
