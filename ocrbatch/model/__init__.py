"""The life of the digit classifier: data, training, evaluation, export."""
