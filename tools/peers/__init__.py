"""What a user would pick instead, given the same minutes, rows and cores.

Each peer is a script with pinned packages in an environment of its own. It gets the training part and the test
images, not the test labels, and a time limit as its documentation says. Its predictions are scored here.
"""
