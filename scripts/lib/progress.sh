# shellcheck shell=bash
# Progress and failure reporting shared by the scripts. Source it; it has no side effects.
#
# step TITLE CMD...   runs CMD with its output in a log file, shows one line with the elapsed time, and on
#                     failure prints the end of the log and its path. Returns CMD's status.
# Log files live in $XDG_CACHE_HOME/actimanager/logs.

acti_log_dir() {
  local dir="${XDG_CACHE_HOME:-$HOME/.cache}/actimanager/logs"
  mkdir -p "$dir" && printf '%s\n' "$dir"
}

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

step() {
  local title="$1"; shift
  local log started pid elapsed status
  log="$(acti_log_dir)/$(printf '%s' "$title" | tr -cs 'A-Za-z0-9' '-' | cut -c1-60).$$.log"
  started=$SECONDS
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  if [ -t 1 ]; then
    while kill -0 "$pid" 2>/dev/null; do
      elapsed=$((SECONDS - started))
      printf '\r  %-52s %4ds' "$title" "$elapsed"
      sleep 0.5
    done
    printf '\r'
  fi
  status=0; wait "$pid" || status=$?
  elapsed=$((SECONDS - started))
  if [ "$status" -eq 0 ]; then
    printf '  %-52s %4ds  done\n' "$title" "$elapsed"
  else
    printf '  %-52s %4ds  FAILED (exit %d)\n' "$title" "$elapsed" "$status"
    tail -n 25 "$log" | sed 's/^/    | /'
    printf '    full log: %s\n' "$log"
  fi
  return "$status"
}
