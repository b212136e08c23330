# Sourced by tests/run: callers who send and read slowly, and whether anybody else notices.
# shellcheck shell=bash disable=SC2154

# What decides is that an honest caller is answered every time. How much longer that takes is printed: on a machine that
# is busy with other things it says little.
stage_slow() {
  need python3 slowhttptest
  start_demo --plan enterprise
  export_key "$demo_data/sandbox.key"
  local alone p99 mode
  echo "answers, failures, p50 ms, p99 ms of an honest caller"
  p99=$(honest "alone") || die "an honest caller is refused while nobody attacks"
  alone=$p99
  for mode in headers body read; do
    attack "$mode"
    p99=$(honest "slow $mode") || die "an honest caller is refused while others are slow with $mode"
    printf '%-14s p99 is %s times that of a quiet gateway\n' "slow $mode" \
      "$(awk -v now="$p99" -v then="$alone" 'BEGIN { printf "%.1f", now / then }')"
    end_attack "$mode"
  done
}

# honest NAME: prints its row, gives its p99.
honest() {
  local told status=0
  told=$(python3 tests/slow/honest.py 8 40) || status=$?
  printf '%-14s %s\n' "$1" "$told" >&2
  [ "$status" -eq 0 ] || return 1
  echo "${told##* }"
}

# More connections than one address may hold, so that the bound is in play as well.
attack() {
  local how at
  case $1 in
    headers) how=(-H -i 1 -x 8 -u "$XUNYUAN_URL/v1/offers") ;;
    body) how=(-B -i 1 -x 8 -s 8192 -t POST -f application/json -u "$XUNYUAN_URL/v1/quotes") ;;
    # The document is large, and asked for several times on each connection.
    read) how=(-X -w 256 -y 512 -n 5 -z 16 -k 3 -u "$XUNYUAN_URL/openapi/partner.json") ;;
  esac
  ulimit -n 8192 2>/dev/null || true
  slowhttptest -c 1500 -r 750 -l 12 -p 5 -v 1 "${how[@]}" >"$folder/slow-$1.log" 2>&1 </dev/null &
  attacker=$!
  pids+=("$attacker")
  names+=("slow-$1")
  # Until it has most of its connections.
  for at in 1 2 3; do sleep "$at"; done
}

# An attack that was none proves nothing. Its end is waited for here, as it is no server that must not be gone.
end_attack() {
  local held
  wait "$attacker" 2>/dev/null || true
  unset 'pids[-1]' 'names[-1]'
  held=$(tr '\r' '\n' <"$folder/slow-$1.log" | sed 's/\x1b\[[0-9;]*[A-Za-z]//g' \
    | awk '$1 == "connected:" && $2 > most { most = $2 } END { print most + 0 }')
  echo "slow $1: $held connections at most"
  [ "$held" -ge 500 ] || die "slowhttptest held only $held connections; what it says is in its log: $(tail -n 5 "$folder/slow-$1.log")"
}
