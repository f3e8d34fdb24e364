"""From bytes to identity: walking, hashing, pointers, and the one door to DVC."""
