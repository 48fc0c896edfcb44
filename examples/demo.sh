#!/bin/sh
# Label a picture, verify it, lose everything a social network would lose, and verify again.
set -eu
folder=${1:-demo}
mkdir -p "$folder"
store="sqlite:///$folder/manifests.db"

say() { printf '\n$ %s\n' "$*"; "$@"; }

python examples/demo_pictures.py draw "$folder/picture.png"
echo "A sample picture was drawn: $folder/picture.png"
say synthmark embed "$folder/picture.png" -o "$folder/labelled.png" -f --model demo/1.0 --store "$store"
say synthmark verify "$folder/labelled.png" --store "$store"

python examples/demo_pictures.py share "$folder/labelled.png" "$folder/shared.jpg"
printf '\nSaved again as a small JPEG without any metadata: %s\n' "$folder/shared.jpg"
say synthmark verify "$folder/shared.jpg" --store "$store"
