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
# shellcheck disable=SC2317,SC2329
finish() {
  local pid
  exec 3>&-
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

# The newest message after number $1 with a code, waiting for it: "NUMBER CODE".
read_phone() {
  fetch "/phone.json?user=$user&after=$1&wait=60" |
    sed -n 's/^{"messages":\[{"id":\([0-9]*\),[^}]*"code":"\([0-9]*\)".*/\1 \2/p'
}

say() { echo "demo: $*" >&2; }

# Reads a code that is newer than message $last and gives it as the answer.
answer_code() {
  local code=''
  read -r last code < <(read_phone "$last")
  say "reading the code $code on the phone page"
  echo "\"$code\""
}

# What a customer would answer, one JSON value a line.
answer() {
  local last=0
  exec >"$work/answers"
  say "no terminal here, so this script answers for the customer"
  case $user in
  mfa_code*) say "choosing a text message" && echo '"sms"' && answer_code ;;
  mfa_sms* | mfa_email* | mfa_voice*) answer_code ;;
  mfa_wrong*) answer_code && answer_code ;;
  mfa_questions*) echo '{"fields":{"pet":"Biscuit","street":"Lantern"}}' ;;
  mfa_question*) echo '"Biscuit"' ;;
  mfa_totp*) fetch "/phone.json?user=$user" | sed -n 's/.*"totp":.*"code":\("[0-9]*"\).*/\1/p' ;;
  terms*) echo true ;;
  mfa_*) say "but not for $user: run it on a terminal" ;;
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
arguments=(run demo --table --credentials "$work/credentials" --allow-origin http://127.0.0.1:18102
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
