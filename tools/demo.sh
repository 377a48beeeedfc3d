#!/bin/bash
# Signs in to DEMO, in view: starts the sandbox on a free port, runs its adapter
# and prints the meters. On a terminal a person types the code; without one it is
# read from the phone page. DEMO_USER picks another customer (meterkey sandbox --list).
[ -n "$BASH_VERSION" ] || exec bash "$0" "$@"
set -u
export LC_ALL=C.UTF-8

program=${BUILD:-build}/meterkey
user=${DEMO_USER:-mfa_code}
work=$(mktemp -d)
sandbox_pid='' answer_pid='' view_pid=''

# Everything that was started is ended by its own process id.
# shellcheck disable=SC2329
finish() {
  local pid
  exec 3>&- 4>&- 5>&-
  for pid in $answer_pid $view_pid $sandbox_pid; do
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# GET $1 from the sandbox; the body, on one line.
fetch() {
  local line
  exec 6<>"/dev/tcp/127.0.0.1/$port" || return 1
  printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$1" "$port" >&6
  while IFS= read -r line <&6 && [ "$line" != $'\r' ]; do :; done
  cat <&6
  exec 6>&-
}

# The newest code on the phone, waiting for one newer than message $1: "ID CODE".
read_phone() {
  fetch "/phone.json?user=$user&after=$1&wait=60" |
    sed -n 's/^{"messages":\[{"id":\([0-9]*\),.*/\1 &/; s/^\([0-9]* \)[^[]*\[{[^}]*"code":"\([0-9]*\)".*/\1\2/p'
}

# Answers for the adapter, one JSON value a line, as a customer would give them.
answer() {
  local id code
  exec >"$work/answers"
  case $user in
  mfa_code*)
    echo "demo: no terminal, so the script answers. It chooses a text message," >&2
    echo '"sms"' ;;
  esac
  case $user in
  mfa_question*) echo '"Biscuit"' ;;
  mfa_*)
    read -r id code < <(read_phone 0)
    echo "demo: and reads the code $code (message $id) on the phone page." >&2
    echo "\"$code\"" ;;
  terms) echo true ;;
  esac
}

mkfifo -m 600 "$work/printed" || exit 1
"$program" sandbox --listen 127.0.0.1:0 >"$work/printed" &
sandbox_pid=$!
exec 3<"$work/printed"
IFS= read -r first <&3 || { echo "demo: the sandbox did not start" >&2; exit 1; }
url=${first#DEMO is at }
port=${url##*:}
# The list of user names is for `meterkey sandbox`; here only what the phone receives is shown.
(while IFS= read -r line; do case $line in phone\ of*) printf '\n  >> %s\n' "$line" >&2 ;; esac; done <&3) &
view_pid=$!

printf '{"username":"%s","password":"demo"}\n' "$user" >"$work/credentials"
arguments=(run demo --credentials "$work/credentials" --allow-origin http://127.0.0.1:18102
  --connect-to "127.0.0.1:18102:127.0.0.1:$port")
if [ -d scripts/utilities ]; then arguments+=(--scripts scripts); fi

echo "DEMO, a made-up utility, is at $url"
echo "Signing in as $user. The customer's phone: $url/phone?user=$user"
if [ -t 0 ] && [ -t 1 ]; then
  echo "Open that page, or watch for >> below; type the code when it is asked for."
  echo
  "$program" "${arguments[@]}"
else
  echo
  mkfifo -m 600 "$work/answers" || exit 1
  answer &
  answer_pid=$!
  "$program" "${arguments[@]}" --answers "$work/answers"
fi
status=$?
echo
if [ $status -eq 0 ]; then
  echo "That is the list of meters. Everything is stopped; nothing was kept."
else
  echo "demo: meterkey run ended with status $status"
fi
exit $status
