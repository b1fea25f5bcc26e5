"""Speed of training and evaluation: feeding a GPU, threads, oneDNN, cuDNN; and the measurement of peak memory."""
