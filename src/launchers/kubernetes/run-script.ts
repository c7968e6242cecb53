import { INSIDE } from '../../domain/engine-paths.ts';

/** Kubernetes keeps so much of a termination message, in bytes. */
export const LONGEST_RESULT = 4096;

/** Said by the script below in place of a result when it cannot start the command. */
export const NOT_STARTED = 'dispatcher: not started: ';

/** Where the script below writes the pids of itself and of its command, for {@link signalScript}. */
const PIDS = `${INSIDE.runDir}/.pids`;

/**
 * Run inside the container, signals the script (which passes TERM on) or kills its command. A pod that
 * ends by itself keeps its log and tells how it ended; of one that is deleted, kubelets up to 1.21
 * often forget how.
 */
export const signalScript = (signal: 'TERM' | 'KILL'): string =>
  `read -r script child < ${PIDS} && kill -${signal} "$${signal === 'TERM' ? 'script' : 'child'}"`;

/**
 * Runs the command as a child of the image's own shell, which at its end hands back `result.json` as
 * the termination message: nobody can read a pod's files once its container has ended, and a file
 * that Kubernetes mounts there itself could not be renamed onto, as the contract has it. Besides, both
 * output streams become one, so that their order is kept; and TERM is passed on, at whatever moment.
 *
 * `$0` is the result's path, the arguments are the command. POSIX sh, for busybox and dash alike.
 */
export const RUN_SCRIPT = `
say() { printf '%s' "$1" > /dev/termination-log; }
refuse() { say '${NOT_STARTED}'"$1"; exit "$2"; }
set -f
case $1 in
*/*)
  [ -e "$1" ] || refuse "command not found: $1" 127
  [ -x "$1" ] && [ ! -d "$1" ] || refuse "command not executable: $1" 126 ;;
*)
  found=
  IFS=:
  for folder in $PATH; do
    if [ -x "$folder/$1" ] && [ ! -d "$folder/$1" ]; then found=1; break; fi
  done
  unset IFS
  [ -n "$found" ] || refuse "command not found: $1 (PATH is $PATH)" 127 ;;
esac
child=
asked=
trap 'asked=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM
exec 2>&1
(exec "$@") &
child=$!
echo "$$ $child" > ${PIDS}
[ -z "$asked" ] || kill -TERM "$child" 2>/dev/null
wait "$child"
code=$?
while [ "$code" -gt 128 ] && kill -0 "$child" 2>/dev/null; do
  wait "$child"
  code=$?
done
if [ -L "$0" ]; then say 'result.json is a symbolic link, not a file'
elif [ -f "$0" ]; then
  size=$(wc -c < "$0")
  if [ "$size" -le ${LONGEST_RESULT} ]; then cat "$0" > /dev/termination-log
  else say "result.json is longer than the ${LONGEST_RESULT} bytes that Kubernetes hands back; send it by HTTP"
  fi
fi
exit "$code"
`.trimStart();
