"""The one exception whose message is meant for the person at the keyboard."""


class StudyError(Exception):
    """Bad input, told in one line that names the file, the key or the row, and says what to do."""
