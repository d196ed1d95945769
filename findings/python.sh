# Read by the findings in Python: a virtual environment in a temporary folder, with the packages named, that is removed at the end.
# python_with PACKAGE==VERSION …   then runs the program on standard input with it.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python_with() {
  "${PYTHON:-python3.11}" -m venv "$folder/venv"
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
  echo "with $*"
  cd "$folder"
  "$folder/venv/bin/python" -
}
