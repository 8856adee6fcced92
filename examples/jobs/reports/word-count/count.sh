# Read by bash, so that $text, $top and the array $ignore are the arguments.
set -euo pipefail

words=$(printf '%s' "$text" | tr '[:upper:]' '[:lower:]' | tr -cs '[:alnum:]' '\n' | sed '/^$/d')
for word in ${ignore[@]+"${ignore[@]}"}; do
  words=$(printf '%s\n' "$words" | grep -vixF -- "$word" || true)
done
counted=$(printf '%s\n' "$words" | sed '/^$/d' | sort | uniq -c | sort -k1,1nr -k2,2 | head -n "$top")
echo "$counted"

# A file left here becomes an artifact; JSON written there is the result of the run.
echo "$counted" > "$HEDDLE_ARTIFACTS/words.txt"
printf '%s\n' "$counted" | awk 'NF == 2 { printf "%s\"%s\":%d", (n++ ? "," : "{"), $2, $1 } END { print (n ? "}" : "{}") }' > "$HEDDLE_RESULT"
