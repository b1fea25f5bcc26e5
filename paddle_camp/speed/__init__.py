"""What makes training and evaluation faster: feeding, threads, oneDNN, cuDNN; and what memory they take."""
