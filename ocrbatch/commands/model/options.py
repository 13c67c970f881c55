"""What several of these commands ask for, in the same words."""

DATA_HELP = (
    "An .npz file (x_train and y_train, x_test and y_test; or x and y), a folder of IDX files, a folder of crops "
    "sorted by label (folders 0 to 9, and none for what is no digit), or mnist to download it. Labels are 0 to 9; "
    "10 or any below -1 is no digit, -1 is a blank and left out. Pictures may be of any size, ink dark or bright."
)
MIXED_HELP = "Several are mixed; PATH:2 shows each digit of a set twice an epoch, PATH:0.5 a fresh half of them."
STRANGERS_HELP = (
    "A set of letters or marks, in the same forms: what is no digit. Left out of it are digits, and letters that "
    "look like one (by their character codes). May be given several times."
)
MODEL_HELP = "A .tflite, .keras or .h5 file; the shipped model where none is given."
