# Sourced by tests/run: what is neither Rust nor contract.
# shellcheck shell=bash disable=SC2154

stage_shell() {
  need shellcheck
  local scripts
  mapfile -t scripts < <(grep -rlE '^#!.*\b(ba)?sh$' .ci tests deploy partner-sdk-examples --exclude-dir=node_modules)
  scripts+=(tests/stages/*.sh)
  shellcheck --external-sources --severity=warning "${scripts[@]}"
  echo "${#scripts[@]} scripts"
}

stage_deploy() {
  need_packages
  cargo build --quiet --locked --bin xunyuan
  "$tools/venv/bin/python" tests/contract/deploy.py "$CARGO_TARGET_DIR/debug/xunyuan"
  if command -v systemd-analyze >/dev/null; then
    verify_unit
  else
    echo "systemd-analyze is not here: the unit is only read, not verified"
  fi
}

# The rules as Prometheus reads them, and each alert firing when it should. That what they name is there to be scraped is
# a test of the integration suite (tests/it/alerts.rs).
stage_alerts() {
  need jq promtool
  promtool check rules deploy/alerts.yaml
  promtool test rules tests/alerts/*.test.yaml
  # The dashboard's expressions as rules, which promtool reads: with a span in the place of Grafana's own.
  make_folder
  jq '{groups: [{name: "dashboard", rules: [.panels[].targets[]?.expr | gsub("\\$__(rate_interval|range)"; "5m")
    | gsub("\\$instance"; ".*")] | to_entries | map({record: "panel:\(.key)", expr: .value})}]}' \
    deploy/grafana/xunyuan.json >"$folder/dashboard.json"
  promtool check rules "$folder/dashboard.json"
}

# The program is not installed where the unit expects it: any other stands in.
verify_unit() {
  make_folder
  sed 's|^ExecStart=/usr/local/bin/xunyuan|ExecStart=/bin/true|' deploy/xunyuan.service >"$folder/xunyuan.service"
  systemd-analyze verify "$folder/xunyuan.service"
  systemd-analyze security --offline=yes --threshold=20 --no-pager "$folder/xunyuan.service" | tail -n 1
}
