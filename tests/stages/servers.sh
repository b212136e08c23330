# Sourced by tests/run: servers that a stage starts for itself, on free ports and in a folder of its own.
# All of them are ended when the stage ends, however it ends.
# shellcheck shell=bash disable=SC2154

pids=()
names=()
folder=

# A folder for this stage, that others may look into (PostgreSQL runs as another user).
make_folder() {
  [ -n "$folder" ] || folder=$(mktemp -d "${TMPDIR:-/tmp}/xunyuan-tests.XXXXXX")
  chmod 755 "$folder"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start NAME COMMAND…: runs it in the background, its output in NAME.log.
start() {
  local name=$1
  shift
  "$@" >"$folder/$name.log" 2>&1 </dev/null &
  pids+=($!)
  names+=("$name")
}

# await SECONDS WHAT COMMAND…: until the command succeeds, or a server is gone.
await() {
  local limit=$((SECONDS + $1)) what=$2 pid
  shift 2
  until "$@" >/dev/null 2>&1; do
    for pid in "${pids[@]}"; do
      kill -0 "$pid" 2>/dev/null || die "$what ended before it was ready"
    done
    [ "$SECONDS" -lt "$limit" ] || die "$what is not ready in time"
    sleep 0.2
  done
}

# The trap of every stage: says what the servers said if the stage failed, then ends them.
stop_servers() {
  local status=$? at
  if [ "$status" -ne 0 ]; then
    for at in "${!pids[@]}"; do show_log "${pids[$at]}" "${names[$at]}"; done
  fi
  for at in "${!pids[@]}"; do kill -TERM "${pids[$at]}" 2>/dev/null || true; done
  for at in "${!pids[@]}"; do await_end "${pids[$at]}"; done
  [ -z "$folder" ] || rm -rf "$folder"
  exit "$status"
}

# PostgreSQL grumbles whenever a test goes away: its words are shown only when it is gone itself.
show_log() {
  local pid=$1 name=$2
  if [ "$name" = demo ] || ! kill -0 "$pid" 2>/dev/null; then
    echo "--- the end of what $name said" >&2
    tail -n 40 "$folder/$name.log" >&2
  fi
}

# Fifteen seconds to end by itself, then it is ended.
await_end() {
  local pid=$1 waited=0
  while kill -0 "$pid" 2>/dev/null && [ "$waited" -lt 75 ]; do
    sleep 0.2
    waited=$((waited + 1))
  done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

# Sets postgres_url. Nothing is forced to disk: what is tested is not the disk.
start_postgres() {
  need initdb postgres psql
  make_folder
  local port data="$folder/postgres" as=()
  port=$(free_port)
  mkdir "$data"
  echo trial >"$folder/password"
  if [ "$(id -u)" -eq 0 ]; then
    # PostgreSQL refuses to run as root.
    id postgres >/dev/null 2>&1 || die "PostgreSQL refuses to run as root and there is no user postgres"
    chown postgres "$data"
    as=(setpriv --reuid=postgres --regid=postgres --init-groups)
  fi
  (cd / && "${as[@]}" "$(command -v initdb)" -D "$data" -U xunyuan --pwfile "$folder/password" -A scram-sha-256 -E UTF8 \
    --locale C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1) || { cat "$folder/initdb.log" >&2 && die "initdb failed"; }
  start postgres "${as[@]}" "$(command -v postgres)" -D "$data" -p "$port" -k "$data" \
    -c listen_addresses=127.0.0.1 -c max_connections=400 -c fsync=off -c synchronous_commit=off -c full_page_writes=off
  postgres_url="postgres://xunyuan:trial@127.0.0.1:$port/postgres"
  await 30 "PostgreSQL" psql "$postgres_url" -c 'SELECT 1'
}

# Sets demo_data, the demo's folder with live.key and sandbox.key.
start_demo() {
  make_folder
  cargo build --quiet --locked --bin xunyuan
  demo_data="$folder/demo"
  # A copy: a build that goes on beside us must not take the program away.
  cp "$CARGO_TARGET_DIR/debug/xunyuan" "$folder/xunyuan"
  start demo "$folder/xunyuan" demo --data "$demo_data" --port 0 --ops-port 0 \
    --offers 2000 "$@"
  await 120 "the demo" grep -qx ready "$folder/demo.log"
}

# key_field FILE FIELD: one value of a key file.
key_field() {
  sed -n "s/^$2 = \"\(.*\)\"\$/\1/p" "$1"
}

# Tells clients, in the environment they know, which gateway and key to use.
export_key() {
  local file=$1
  XUNYUAN_URL=$(key_field "$file" url)
  XUNYUAN_KEY_ID=$(key_field "$file" key_id)
  XUNYUAN_SECRET=$(key_field "$file" secret)
  if [ -z "$XUNYUAN_URL" ] || [ -z "$XUNYUAN_KEY_ID" ] || [ -z "$XUNYUAN_SECRET" ]; then
    die "${file##*/} lacks url, key_id or secret"
  fi
  export XUNYUAN_URL XUNYUAN_KEY_ID XUNYUAN_SECRET
}
