#!/usr/bin/env bash
# The Xunyuan partner API with nothing but bash, curl and openssl: signs, calls, walks, verifies.
# `xunyuan.sh` alone lists the commands. Secrets never become arguments of a program, where `ps` would show them.
set -euo pipefail

TAG=xunyuan-v1
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

setting() {
  [ -n "${!1:-}" ] || fail "$1 is not set. Needed: XUNYUAN_URL, XUNYUAN_KEY_ID, XUNYUAN_SECRET."
  printf %s "${!1}"
}

# ---------------------------------------------------------------- bytes

base64_of() { openssl base64 -A; }

hex_of() { od -An -v -tx1 | tr -d ' \n'; }

from_hex() { # HEX: the bytes; printf is built in, so nothing shows in the list of processes
  local hex=$1 escaped='' i
  for ((i = 0; i < ${#hex}; i += 2)); do escaped+="\\x${hex:i:2}"; done
  printf %b "$escaped"
}

percent_encoded() { # TEXT, for a path segment or a query value
  local byte
  for byte in $(printf %s "$1" | od -An -v -tx1); do
    case $byte in
      2d | 2e | 5f | 7e | 3[0-9] | 4[1-9a-f] | 5[0-9a] | 6[1-9a-f] | 7[0-9a]) from_hex "$byte" ;;
      *) printf '%%%s' "${byte^^}" ;;
    esac
  done
}

# HMAC-SHA256 by RFC 2104: openssl hashes, the key stays in the shell.
hmac_sha256() { # KEY-IN-HEX < message
  local key=$1 inner='' outer='' byte i
  [ ${#key} -le 128 ] || key=$(from_hex "$key" | openssl dgst -sha256 -binary | hex_of)
  for ((i = 0; i < 128; i += 2)); do
    byte=$((16#${key:i:2}0 / 16))
    printf -v inner '%s%02x' "$inner" $((byte ^ 0x36))
    printf -v outer '%s%02x' "$outer" $((byte ^ 0x5c))
  done
  { from_hex "$outer"; { from_hex "$inner"; cat; } | openssl dgst -sha256 -binary; } | openssl dgst -sha256 -binary
}

# ---------------------------------------------------------------- signing (RFC 9421, RFC 9530)

# Takes a URL apart into SCHEME AUTHORITY URL_PATH QUERY; nothing is decoded or encoded again.
split_url() {
  local rest=${1#*://} target
  SCHEME=${1%%://*}
  AUTHORITY=${rest%%[/?]*}
  target=${rest#"$AUTHORITY"}
  AUTHORITY=${AUTHORITY,,}
  case $SCHEME in
    https) AUTHORITY=${AUTHORITY%:443} ;;
    http) AUTHORITY=${AUTHORITY%:80} ;;
  esac
  URL_PATH=${target%%\?*}
  QUERY=${target#"$URL_PATH"}
  URL_PATH=${URL_PATH:-/}
  QUERY=${QUERY:-?}
}

content_digest() { # BODY-FILE ALGORITHM...
  local file=$1 joined='' name
  shift
  for name; do joined+="${joined:+, }$name=:$(openssl dgst "-${name/-/}" -binary "$file" | base64_of):"; done
  printf %s "$joined"
}

signature_of() { # ALGORITHM SECRET < signature base
  if [ "$1" = ed25519 ]; then
    cat >"$TMP/message"
    openssl pkeyutl -sign -rawin -inkey <(printf %s "$2") -in "$TMP/message"
  else
    hmac_sha256 "$(printf %s "$2" | hex_of)"
  fi | base64_of
}

# sign METHOD URL BODY-FILE CONTENT-TYPE IDEMPOTENCY-KEY; "" for none.
# Uses KEY_ID SECRET ALGORITHM, and CREATED NONCE DIGESTS when set; sets BASE DIGEST SIGNATURE_INPUT SIGNATURE.
sign() {
  local method=$1 url=$2 body=$3 type=$4 key=$5 names lines
  split_url "$url"
  DIGEST=
  names='"@method" "@authority" "@path" "@query"'
  lines="\"@method\": $method"$'\n'"\"@authority\": $AUTHORITY"$'\n'"\"@path\": $URL_PATH"$'\n'"\"@query\": $QUERY"
  if [ -s "$body" ]; then
    # shellcheck disable=SC2086 # the list is split on purpose
    DIGEST=$(content_digest "$body" ${DIGESTS:-sha-256})
    names+=' "content-digest" "content-type"'
    lines+=$'\n'"\"content-digest\": $DIGEST"$'\n'"\"content-type\": $type"
  fi
  if [ -n "$key" ]; then
    names+=' "idempotency-key"'
    lines+=$'\n'"\"idempotency-key\": $key"
  fi
  local params="($names);created=${CREATED:-$(date +%s)};nonce=\"${NONCE:-$(openssl rand -base64 16)}\""
  params+=";keyid=\"$KEY_ID\";alg=\"$ALGORITHM\";tag=\"$TAG\""
  BASE="$lines"$'\n'"\"@signature-params\": $params"
  SIGNATURE_INPUT="sig=$params"
  SIGNATURE="sig=:$(printf %s "$BASE" | signature_of "$ALGORITHM" "$SECRET"):"
}

load_key() {
  KEY_ID=$(setting XUNYUAN_KEY_ID)
  SECRET=$(setting XUNYUAN_SECRET)
  [ ! -f "$SECRET" ] || SECRET=$(<"$SECRET")
  ALGORITHM=hmac-sha256
  [[ $SECRET != *'PRIVATE KEY'* ]] || ALGORITHM=ed25519
}

# ---------------------------------------------------------------- calling

# call METHOD PATH [BODY] [IDEMPOTENCY-KEY]: leaves the answer in $TMP/answer and $TMP/headers, its status in STATUS.
call() {
  local method=$1 url body=${3:-} key=${4:-} options=()
  url=$(setting XUNYUAN_URL)
  url=${url%/}$2
  load_key
  printf %s "$body" >"$TMP/body"
  sign "$method" "$url" "$TMP/body" application/json "$key"
  [ -z "$DIGEST" ] || options+=(-H "Content-Digest: $DIGEST" -H 'Content-Type: application/json' --data-binary "@$TMP/body")
  [ -z "$key" ] || options+=(-H "Idempotency-Key: $key")
  STATUS=$(curl -sS --path-as-is --max-time 30 -X "$method" -o "$TMP/answer" -D "$TMP/headers" -w '%{http_code}' \
    -H "Signature-Input: $SIGNATURE_INPUT" -H "Signature: $SIGNATURE" "${options[@]}" "$url") ||
    fail "$url cannot be reached"
  [ "$STATUS" -lt 400 ] || { explain_problem >&2; exit 1; }
}

header() { # NAME: its value in the last answer
  tr -d '\r' <"$TMP/headers" | sed -n "s/^$1: *//Ip" | tail -n 1
}

# Enough JSON for flat lookups: the first string, or number, under a name. Use jq for more.
text_of() { # NAME < json
  { grep -oE "\"$1\" *: *\"([^\"\\\\]|\\\\.)*\"" || true; } | head -n 1 | sed -E 's/^"[^"]*" *: *"(.*)"$/\1/; s/\\"/"/g'
}

number_of() { # NAME < json
  { grep -oE "\"$1\" *: *[0-9]+" || true; } | head -n 1 | grep -oE '[0-9]+$' || true
}

next_step() { # CODE
  case $1 in
    signature_missing) echo 'Send Signature-Input and Signature; Accept-Signature in the answer lists what to cover.' ;;
    signature_malformed) echo 'Compare your two headers with the worked example in partner-sdk-examples/README.md.' ;;
    coverage_insufficient) echo 'Cover the components the answer lists.' ;;
    clock_skew) echo "Set this machine's clock (NTP); server_time in the answer is the gateway's." ;;
    unknown_key) echo 'Check XUNYUAN_KEY_ID, and that a sandbox key goes to the sandbox and a live key to the live gateway.' ;;
    signature_mismatch) echo 'Check XUNYUAN_SECRET, then compare your signature base with signature_base (sandbox keys get it).' ;;
    digest_mismatch) echo 'Digest exactly the bytes you send.' ;;
    replayed) echo 'Use a fresh nonce for every request, retries too; keep the Idempotency-Key.' ;;
    scope_missing) echo 'Ask for a key with this scope.' ;;
    rate_limited) echo "Wait $(header retry-after) s; RateLimit tells what is left before you run into it." ;;
    order_in_progress) echo "The first call is still running: wait $(header retry-after) s, then repeat with the same Idempotency-Key." ;;
    idempotency_mismatch) echo 'This Idempotency-Key was used with another body: take a new key for a new order.' ;;
    *)
      if grep -qE '"retryable" *: *true' "$TMP/answer"; then
        echo "Try again after $(header retry-after) s, with the same Idempotency-Key if there is one."
      else
        echo "Read $(text_of type <"$TMP/answer")"
      fi
      ;;
  esac
}

explain_problem() {
  local code base
  code=$(text_of code <"$TMP/answer")
  printf 'FAILED: %s %s: %s\n' "$STATUS" "${code:-no_code}" "$(text_of detail <"$TMP/answer")"
  [ -z "$(text_of pointer <"$TMP/answer")" ] || printf '  at %s\n' "$(text_of pointer <"$TMP/answer")"
  base=$(text_of signature_base <"$TMP/answer")
  [ -z "$base" ] || printf "  the gateway's signature base:\n%b\n" "$base"
  printf '  request id: %s (quote it when you ask)\n' "$(header x-request-id)"
  printf '  next: %s\n' "$(next_step "$code")"
}

# ---------------------------------------------------------------- commands

search_path() { printf '/v1/offers?q=%s&language=ja&currency=JPY' "$(percent_encoded "$1")"; }

offer_path() { printf '/v1/offers/%s?language=ja&currency=JPY' "$(percent_encoded "$1")"; }

quote_body() { printf '{"lines":[{"sku_id":"%s","quantity":%d}],"currency":"JPY"}' "$1" "$2"; }

order_body() { printf '{"reference":"%s","quote_id":"%s"}' "$2" "$1"; }

show() { cat "$TMP/answer"; echo; }

cmd_call() { call "$@"; show; }

cmd_search() { call GET "$(search_path "$*")"; show; }

cmd_offer() { call GET "$(offer_path "$1")"; show; }

cmd_quote() { call POST /v1/quotes "$(quote_body "$1" "$2")"; show; }

cmd_order() {
  call POST /v1/orders "$(order_body "$1" "$2")" "$3"
  show
  [ "$(header idempotency-replayed)" != true ] || echo 'this order had been placed before: the same answer again' >&2
}

cmd_sign() {
  load_key
  printf %s "${3:-}" >"$TMP/body"
  sign "$1" "$2" "$TMP/body" application/json "${4:-}"
  [ -z "$DIGEST" ] || printf 'Content-Type: application/json\nContent-Digest: %s\n' "$DIGEST"
  [ -z "${4:-}" ] || printf 'Idempotency-Key: %s\n' "$4"
  printf 'Signature-Input: %s\nSignature: %s\n' "$SIGNATURE_INPUT" "$SIGNATURE"
  printf '%s\n' "$BASE" >&2
}

STEP=0
step_done() { # NAME TEXT
  local now=${EPOCHREALTIME/[.,]/}
  STEP=$((STEP + 1))
  printf '%d %-14s %6d ms  %s\n' "$STEP" "$1" $(((now - STARTED) / 1000)) "$2"
  STARTED=$now
}

cmd_walk() {
  local words=${XUNYUAN_WORDS:-植木鉢} offer sku quantity multiple quote reference key order
  STARTED=${EPOCHREALTIME/[.,]/}
  call GET "$(search_path "$words")"
  offer=$(text_of id <"$TMP/answer")
  [ -n "$offer" ] || fail "nothing found for $words"
  step_done search "$words: $(number_of total <"$TMP/answer") offers"
  call GET "$(offer_path "$offer")"
  quantity=$(number_of minimum_order <"$TMP/answer")
  multiple=$(number_of order_multiple <"$TMP/answer")
  multiple=${multiple:-1}
  quantity=$(((quantity + multiple - 1) / multiple * multiple))
  sku=$(tr -d '\n' <"$TMP/answer" | sed 's/.*"skus" *: *\[//' | text_of id)
  step_done offer "$offer: $(text_of title <"$TMP/answer")"
  call POST /v1/quotes "$(quote_body "$sku" "$quantity")"
  quote=$({ grep -oE '"quo_[^"]*"' "$TMP/answer" || true; } | head -n 1 | tr -d '"')
  [ -n "$quote" ] || fail "no quote for $quantity of $sku: $(text_of detail <"$TMP/answer")"
  step_done quote "$quote: $quantity of $sku, until $(text_of expires_at <"$TMP/answer")"
  reference="PO-$(date +%Y%m%d)-$(openssl rand -hex 4)"
  key=$(openssl rand -hex 16)
  call POST /v1/orders "$(order_body "$quote" "$reference")" "$key"
  cp "$TMP/answer" "$TMP/first"
  order=$(grep -oE '"ord_[^"]*"' "$TMP/first" | head -n 1 | tr -d '"')
  step_done order "$STATUS $order as $reference: $(text_of state <"$TMP/first")"
  call POST /v1/orders "$(order_body "$quote" "$reference")" "$key"
  cmp -s "$TMP/answer" "$TMP/first" || fail 'the repeated order was answered with other bytes'
  [ "$(header idempotency-replayed)" = true ] || fail 'Idempotency-Replayed: true is missing'
  step_done 'order again' 'the same bytes, Idempotency-Replayed: true'
  call GET "/v1/orders/by-reference/$(percent_encoded "$reference")"
  grep -q "\"$order\"" "$TMP/answer" || fail 'another order was found under the reference'
  step_done 'by reference' "$order: $(text_of state <"$TMP/answer")"
}

# verify_webhook SECRET ID TIMESTAMP SIGNATURES NOW BODY-FILE (Standard Webhooks 1.0); says why not.
verify_webhook() {
  local key expected given genuine=1
  [[ $3 =~ ^[0-9]+$ ]] && (($5 - 10#$3 <= 300 && 10#$3 - $5 <= 300)) ||
    { echo 'not genuine: webhook-timestamp is too far from now'; return 1; }
  key=$(printf %s "${1#whsec_}" | openssl base64 -d -A | hex_of)
  expected=v1,$({ printf '%s.%s.' "$2" "$3"; cat "$6"; } | hmac_sha256 "$key" | base64_of)
  for given in $4; do
    # Comparing digests of both takes the same time wherever they differ.
    [ "$(printf %s "$given" | openssl dgst -sha256)" != "$(printf %s "$expected" | openssl dgst -sha256)" ] || genuine=0
  done
  [ $genuine = 0 ] || { echo 'not genuine: no signature fits'; return 1; }
  echo genuine
}

cmd_verify() {
  cat >"$TMP/delivery"
  verify_webhook "$(setting XUNYUAN_WEBHOOK_SECRET)" "$1" "$2" "$3" "$(date +%s)" "$TMP/delivery"
}

decoded() { [ "$1" = - ] || printf %s "$1" | openssl base64 -d -A; }

WRONG=0
compare() { # NAME WHAT MADE EXPECTED
  [ "$3" = "$4" ] || { WRONG=$((WRONG + 1)); printf 'WRONG %s: %s is %s\n' "$1" "$2" "$3"; }
}

cmd_vectors() {
  local name method url type key digests body algorithm secret key_id created nonce base input signature count=0 hooks=0
  while read -r name method url type key digests body algorithm secret key_id created nonce base input signature; do
    [ "$name" != '#' ] || continue
    count=$((count + 1))
    decoded "$body" >"$TMP/body"
    KEY_ID=$(decoded "$key_id") SECRET=$(decoded "$secret") ALGORITHM=$(decoded "$algorithm")
    CREATED=$(decoded "$created") NONCE=$(decoded "$nonce") DIGESTS=$(decoded "$digests")
    sign "$(decoded "$method")" "$(decoded "$url")" "$TMP/body" "$(decoded "$type")" "$(decoded "$key")"
    name=$(decoded "$name")
    compare "$name" 'signature base' "$BASE" "$(decoded "$base")"
    compare "$name" Signature-Input "$SIGNATURE_INPUT" "$(decoded "$input")"
    compare "$name" Signature "$SIGNATURE" "$(decoded "$signature")"
  done <"$HERE/../vectors/signatures.lines"
  local accepted now id timestamp verdict
  while read -r name accepted secret now id timestamp signature body; do
    [ "$name" != '#' ] || continue
    hooks=$((hooks + 1))
    decoded "$body" >"$TMP/delivery"
    verdict=true
    verify_webhook "$(decoded "$secret")" "$(decoded "$id")" "$(decoded "$timestamp")" "$(decoded "$signature")" \
      "$(decoded "$now")" "$TMP/delivery" >"$TMP/verdict" || verdict=false
    compare "webhook $(decoded "$name")" 'the verdict' "$verdict" "$(decoded "$accepted")"
  done <"$HERE/../vectors/webhooks.lines"
  echo "curl: $count signatures and $hooks webhooks, $WRONG wrong"
  [ $count -gt 0 ] && [ $hooks -gt 0 ] && [ $WRONG = 0 ]
}

usage() {
  cat <<'TEXT'
usage: xunyuan.sh COMMAND        (settings: XUNYUAN_URL, XUNYUAN_KEY_ID, XUNYUAN_SECRET)
  walk                                     search → offer → quote → order → the same order again → look it up
  search WORDS                             offers in Japanese and JPY
  offer OFFER_ID                           one offer
  quote SKU_ID QUANTITY                    a price that is held for a while
  order QUOTE_ID REFERENCE IDEMPOTENCY_KEY places the order; the same again answers the same
  call METHOD PATH [BODY] [IDEMPOTENCY_KEY] anything else
  sign METHOD URL [BODY] [IDEMPOTENCY_KEY] prints the headers to send, and the signature base on stderr
  verify ID TIMESTAMP SIGNATURE < body     is this webhook genuine? (secret in XUNYUAN_WEBHOOK_SECRET)
  vectors                                  checks this script against ../vectors
TEXT
}

main() {
  local command=${1:-} needed
  case $command in
    walk | vectors) needed=0 ;;
    search | offer) needed=1 ;;
    quote | sign | call) needed=2 ;;
    order | verify) needed=3 ;;
    *) usage; exit 2 ;;
  esac
  shift
  [ $# -ge $needed ] || { usage; exit 2; }
  "cmd_$command" "$@"
}

main "$@"
