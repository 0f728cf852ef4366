"""Many runs for one question: what is planned, done and found."""
