"""What several of these commands ask for, in the same words."""

DATA_HELP = "An .npz file (x_train, y_train, x_test, y_test), a folder of IDX files, or mnist to download it."
MODEL_HELP = "A .tflite, .keras or .h5 file; the shipped model where none is given."
