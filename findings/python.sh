# Read by the findings in Python: a virtual environment in a temporary folder, with the packages named, that is removed at the end.
# python_with PACKAGE==VERSION …   then runs the program on standard input with it.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python_with() {
  "${PYTHON:-python3.11}" -m venv "$folder/venv"
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
  echo "with $*"
  cd "$folder"
  # A file, since some of the packages look for the source of what they are given.
  cat > program.py
  "$folder/venv/bin/python" program.py
}
