# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_tongbu_global_optspecs
    string join \n db= config= json q/quiet v/verbose no-progress log-file= lang= h/help V/version
end

function __fish_tongbu_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_tongbu_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_tongbu_using_subcommand
    set -l cmd (__fish_tongbu_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c tongbu -n "__fish_tongbu_needs_command" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_needs_command" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_needs_command" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_needs_command" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_needs_command" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_needs_command" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_needs_command" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_needs_command" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_needs_command" -s V -l version -d 'Print version'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "sync" -d 'Make one sync pass'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "records" -d 'Past runs: what each did, and statistics'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "locks" -d 'Locks and their holders'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "status" -d 'State of each sync'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "config" -d 'The configuration file'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "doctor" -d 'Check everything that a run needs'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "backup" -d 'Write a consistent copy of the database, checked and flushed, while others may write'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "restore" -d 'Put a backup in the place of the database, which is kept aside'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "notify" -d 'Messages to people about failures'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "metrics" -d 'State of each sync, as text for Prometheus'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "generate" -d 'Generate completions, manual pages, schedules and JSON Schemas'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "douban" -d 'The films that came from Douban'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "tasks" -d 'Call tasks and the lead packages they call'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "packages" -d 'The lead packages that tasks are matched to'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "ecs" -d 'The cloud instances that are stored, and their changes'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "users" -d 'User events and the state of their deliveries'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "check" -d 'Compare targets with local data'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "films" -d 'The films of every source'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -f -a "fairing" -d 'Survey questions and responses of every Fairing account'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -f -a "douban" -d 'The newest films on Douban, and the details of each'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -f -a "tasks" -d 'Call-centre tasks of a time window, matched to lead packages'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -f -a "ecs" -d 'Compute instances of every cloud account, region by region'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -f -a "users" -d 'User events to every target, in order, at least once'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing douban tasks ecs users all" -f -a "all" -d 'Every configured upstream; one failing does not stop the others, the worst code wins'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l account -d 'Only this account (may be repeated); all configured ones by default' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l kind -d 'Only this kind; both by default' -r -f -a "questions\t''
responses\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l on-lock -d 'When another run holds a lock: fail, skip, wait or wait=DUR' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l max-runtime -d 'End the run after this time, `none` for no limit; what was committed stays' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l trigger -d 'Who started it; manual on a terminal by default, else auto' -r -f -a "auto\t''
manual\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l accept-deletes -d 'Allow up to this many deletions that a guard would withhold' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l metrics-file -d 'Write the metrics\' text here after the run' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l incremental -d 'Only what changed since the last pass; never deletes'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l dry-run -d 'Fetch, compare and show, but write nothing'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l force -d 'Ignore the minimum interval and a pause that the upstream requested'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l allow-partial -d 'Exit 0 instead of 3 when some items or scopes failed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l error-on-no-change -d 'Exit 9 when nothing changed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l limit -d 'How many of the newest films to list' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l interval -d 'The pause between two requests' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l refresh-older-than -d 'Fetch details again that are older, such as 30d' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l on-lock -d 'When another run holds a lock: fail, skip, wait or wait=DUR' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l max-runtime -d 'End the run after this time, `none` for no limit; what was committed stays' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l trigger -d 'Who started it; manual on a terminal by default, else auto' -r -f -a "auto\t''
manual\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l accept-deletes -d 'Allow up to this many deletions that a guard would withhold' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l metrics-file -d 'Write the metrics\' text here after the run' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l no-details -d 'Only the list, no film\'s page'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l dry-run -d 'Fetch, compare and show, but write nothing'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l force -d 'Ignore the minimum interval and a pause that the upstream requested'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l allow-partial -d 'Exit 0 instead of 3 when some items or scopes failed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l error-on-no-change -d 'Exit 9 when nothing changed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from douban" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l window -d 'The days before today, or today up to now; each has its own lock' -r -f -a "historical\t'The days before today'
today\t'Today up to now'"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l from -d 'Read the days from this one on instead, for a repair' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l to -d 'The last day of the repair, included' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l on-lock -d 'When another run holds a lock: fail, skip, wait or wait=DUR' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l max-runtime -d 'End the run after this time, `none` for no limit; what was committed stays' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l trigger -d 'Who started it; manual on a terminal by default, else auto' -r -f -a "auto\t''
manual\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l accept-deletes -d 'Allow up to this many deletions that a guard would withhold' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l metrics-file -d 'Write the metrics\' text here after the run' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l dry-run -d 'Fetch, compare and show, but write nothing'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l force -d 'Ignore the minimum interval and a pause that the upstream requested'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l allow-partial -d 'Exit 0 instead of 3 when some items or scopes failed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l error-on-no-change -d 'Exit 9 when nothing changed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from tasks" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l account -d 'Only this account (may be repeated); all enabled ones by default' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l regions -d 'Only these regions; the account\'s own list by default, else all it has' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l on-lock -d 'When another run holds a lock: fail, skip, wait or wait=DUR' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l max-runtime -d 'End the run after this time, `none` for no limit; what was committed stays' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l trigger -d 'Who started it; manual on a terminal by default, else auto' -r -f -a "auto\t''
manual\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l accept-deletes -d 'Allow up to this many deletions that a guard would withhold' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l metrics-file -d 'Write the metrics\' text here after the run' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l incremental -d 'List disks only where an instance is new or differs'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l status-only -d 'Only update the statuses of the instances that are stored'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l dry-run -d 'Fetch, compare and show, but write nothing'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l force -d 'Ignore the minimum interval and a pause that the upstream requested'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l allow-partial -d 'Exit 0 instead of 3 when some items or scopes failed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l error-on-no-change -d 'Exit 9 when nothing changed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from ecs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l target -d 'Only this target (may be repeated); all that are enabled by default' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l on-lock -d 'When another run holds a lock: fail, skip, wait or wait=DUR' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l max-runtime -d 'End the run after this time, `none` for no limit; what was committed stays' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l trigger -d 'Who started it; manual on a terminal by default, else auto' -r -f -a "auto\t''
manual\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l accept-deletes -d 'Allow up to this many deletions that a guard would withhold' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l metrics-file -d 'Write the metrics\' text here after the run' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l check -d 'Compare every target with the local users, and deliver nothing'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l repair -d 'Enqueue what brings the targets in line'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l dry-run -d 'Fetch, compare and show, but write nothing'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l force -d 'Ignore the minimum interval and a pause that the upstream requested'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l allow-partial -d 'Exit 0 instead of 3 when some items or scopes failed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l error-on-no-change -d 'Exit 9 when nothing changed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from users" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l on-lock -d 'When another run holds a lock: fail, skip, wait or wait=DUR' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l max-runtime -d 'End the run after this time, `none` for no limit; what was committed stays' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l trigger -d 'Who started it; manual on a terminal by default, else auto' -r -f -a "auto\t''
manual\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l accept-deletes -d 'Allow up to this many deletions that a guard would withhold' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l metrics-file -d 'Write the metrics\' text here after the run' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l dry-run -d 'Fetch, compare and show, but write nothing'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l force -d 'Ignore the minimum interval and a pause that the upstream requested'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l allow-partial -d 'Exit 0 instead of 3 when some items or scopes failed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l error-on-no-change -d 'Exit 9 when nothing changed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -f -a "list" -d 'List the newest runs'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -f -a "show" -d 'Show one run in full'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -f -a "read" -d 'Mark runs as read'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -f -a "stats" -d 'Show success rate, match rate and duration trend of each sync'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -f -a "prune" -d 'Delete old records; each sync\'s last success, last failure and last 50 stay, cursors are not touched'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l sync -d 'Filter by upstream' -r -f -a "fairing\t''
douban\t''
tasks\t''
ecs\t''
users\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l window -d 'Filter by type, such as historical' -r -f -a "historical\t''
today\t''
check\t''
fairing\t''
douban\t''
tasks\t''
ecs\t''
users\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l status -d 'Filter by status' -r -f -a "running\t''
success\t''
partial\t''
failed\t''
cancelled\t''
interrupted\t''
died\t'Still open, and its process is gone. Never stored: the next run makes it *interrupted*'
skipped\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l trigger -d 'Filter by who started it' -r -f -a "auto\t''
manual\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l since -d 'Only those started since then: 7d, 2025-10-24' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l page -d 'Which page, from 1' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l per-page -d 'Rows a page' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l failed -d 'Only those that failed or partly failed'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l unread -d 'Only those not marked as read'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l changes -d 'With every change it recorded, row by row'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l log -d 'With the run\'s lines from the log file'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l all -d 'All records'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l sync -d 'Filter by upstream' -r -f -a "fairing\t''
douban\t''
tasks\t''
ecs\t''
users\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l since -d 'Only those started since then' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l older-than -d 'Those that ended longer ago; `[records] keep` by default' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l keep -d 'Also delete those beyond the newest N of each sync' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l dry-run -d 'Only count them'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -f -a "list" -d 'List held and stale locks'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -f -a "clean" -d 'Release the locks of dead runs, and mark these runs as interrupted'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -f -a "break" -d 'Take a lock from its holder, whose next write is then refused'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l all -d 'Also list locks that nobody holds'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l dry-run -d 'Only show what would be cleaned'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l token -d 'The token that `locks list` shows; a lock with a newer token stays' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l max-age -d 'Exit 14 when the last success of NAME is older; may be repeated' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -f -a "init" -d 'Write a commented configuration to fill in; never over an existing file'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -f -a "path" -d 'Show where configuration and database are, and what set each path'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -f -a "show" -d 'Show the settings in effect and what set each; secrets only as references'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -f -a "check" -d 'Read the configuration and open every configured upstream, without sending anything'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand doctor" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand doctor" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand doctor" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand doctor" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand doctor" -l offline -d 'Send nothing; only look the credentials up'
complete -c tongbu -n "__fish_tongbu_using_subcommand doctor" -l cron -d 'Check once more in cron\'s environment, and show the differences; also whether the schedule is installed and kept'
complete -c tongbu -n "__fish_tongbu_using_subcommand doctor" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand doctor" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand doctor" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand doctor" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand backup" -l keep -d 'Then delete the oldest copies of such names in the directory, until N are left' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand backup" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand backup" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand backup" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand backup" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand backup" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand backup" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand backup" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand backup" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand backup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand restore" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand restore" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand restore" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand restore" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand restore" -l force -d 'Also where there is a database, which is then kept beside the new one'
complete -c tongbu -n "__fish_tongbu_using_subcommand restore" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand restore" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand restore" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand restore" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and not __fish_seen_subcommand_from test" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and not __fish_seen_subcommand_from test" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and not __fish_seen_subcommand_from test" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and not __fish_seen_subcommand_from test" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and not __fish_seen_subcommand_from test" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and not __fish_seen_subcommand_from test" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and not __fish_seen_subcommand_from test" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and not __fish_seen_subcommand_from test" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and not __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and not __fish_seen_subcommand_from test" -f -a "test" -d 'Send a test message to the receivers of `[[monitor.notify]]`'
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and __fish_seen_subcommand_from test" -l kind -d 'Only those of this kind' -r -f -a "webhook\t''
dingtalk\t''
feishu\t''
wecom\t''
slack\t''
email\t''
command\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and __fish_seen_subcommand_from test" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and __fish_seen_subcommand_from test" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and __fish_seen_subcommand_from test" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and __fish_seen_subcommand_from test" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and __fish_seen_subcommand_from test" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and __fish_seen_subcommand_from test" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and __fish_seen_subcommand_from test" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand notify; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand metrics" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand metrics" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand metrics" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand metrics" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand metrics" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand metrics" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand metrics" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand metrics" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand metrics" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -f -a "completions" -d 'A completion script for a shell'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -f -a "man" -d 'A manual page for every command'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -f -a "cron" -d 'A system crontab of what is configured; with --config and --db where these are given'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -f -a "systemd" -d 'Units of systemd: a service template, and a timer for each job of what is configured'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -f -a "alerts" -d 'Alert rules for Prometheus: stale and failing syncs, dead letters, old queues'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man cron systemd alerts schema" -f -a "schema" -d 'JSON Schemas of every document `--json` prints'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from cron" -l user -d 'The user the jobs run as' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from cron" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from cron" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from cron" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from cron" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from cron" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from cron" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from cron" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from cron" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from cron" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l user -d 'The user the jobs run as' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from systemd" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from systemd" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from systemd" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from alerts" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from alerts" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from alerts" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from alerts" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from alerts" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from alerts" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from alerts" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from alerts" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from alerts" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and not __fish_seen_subcommand_from list" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and not __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and not __fish_seen_subcommand_from list" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and not __fish_seen_subcommand_from list" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and not __fish_seen_subcommand_from list" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and not __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and not __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and not __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and not __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and not __fish_seen_subcommand_from list" -f -a "list" -d 'The stored films, newest first'
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and __fish_seen_subcommand_from list" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and __fish_seen_subcommand_from list" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and __fish_seen_subcommand_from list" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and __fish_seen_subcommand_from list" -l missing-details -d 'Only films without details: never fetched, blocked, unreadable or gone'
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand douban; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -f -a "list" -d 'The stored tasks; pending ones grouped by what their names begin with, the best suggestion beside each'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -f -a "suggest" -d 'Packages that may be meant by a task\'s name'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -f -a "match" -d 'Match a task to a package by hand; no sync changes that'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -f -a "idle" -d 'Mark tasks as calling no package (闲散); no sync matches them again'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and not __fish_seen_subcommand_from list suggest match idle rematch" -f -a "rematch" -d 'Match the pending tasks that have a package by now'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from list" -l match -d 'Filter by match' -r -f -a "pending\t''
matched\t''
idle\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from list" -l page -d 'Which page, from 1' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from list" -l per-page -d 'Rows a page' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from list" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from list" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from list" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from suggest" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from suggest" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from suggest" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from suggest" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from suggest" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from suggest" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from suggest" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from suggest" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from suggest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from match" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from match" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from match" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from match" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from match" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from match" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from match" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from match" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from match" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from idle" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from idle" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from idle" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from idle" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from idle" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from idle" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from idle" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from idle" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from idle" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from rematch" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from rematch" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from rematch" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from rematch" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from rematch" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from rematch" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from rematch" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from rematch" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand tasks; and __fish_seen_subcommand_from rematch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and not __fish_seen_subcommand_from import list remove" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and not __fish_seen_subcommand_from import list remove" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and not __fish_seen_subcommand_from import list remove" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and not __fish_seen_subcommand_from import list remove" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and not __fish_seen_subcommand_from import list remove" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and not __fish_seen_subcommand_from import list remove" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and not __fish_seen_subcommand_from import list remove" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and not __fish_seen_subcommand_from import list remove" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and not __fish_seen_subcommand_from import list remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and not __fish_seen_subcommand_from import list remove" -f -a "import" -d 'Bring packages in from a CSV file: all of its rows, or none'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and not __fish_seen_subcommand_from import list remove" -f -a "list" -d 'All packages, by code'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and not __fish_seen_subcommand_from import list remove" -f -a "remove" -d 'Remove a package; its values stay in the database, and tasks matched by hand to it fail from then on'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from import" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from import" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from import" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from import" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from import" -l dry-run -d 'Only show what would change'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from import" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from import" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from list" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from list" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from list" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from remove" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from remove" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from remove" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from remove" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from remove" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from remove" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand packages; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and not __fish_seen_subcommand_from list changes" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and not __fish_seen_subcommand_from list changes" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and not __fish_seen_subcommand_from list changes" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and not __fish_seen_subcommand_from list changes" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and not __fish_seen_subcommand_from list changes" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and not __fish_seen_subcommand_from list changes" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and not __fish_seen_subcommand_from list changes" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and not __fish_seen_subcommand_from list changes" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and not __fish_seen_subcommand_from list changes" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and not __fish_seen_subcommand_from list changes" -f -a "list" -d 'The instances that are stored'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and not __fish_seen_subcommand_from list changes" -f -a "changes" -d 'What changed, instance by instance and field by field'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -l account -d 'Only of this account' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -l region -d 'Only in this region' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -l status -d 'Filter by status' -r -f -a "pending\t''
running\t''
starting\t''
stopping\t''
stopped\t''
terminated\t''
unknown\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -l tag -d 'Only those with this tag (may be repeated)' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from changes" -l since -d 'Only those found since: 7d, 2025-10-24' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from changes" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from changes" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from changes" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from changes" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from changes" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from changes" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from changes" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from changes" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand ecs; and __fish_seen_subcommand_from changes" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -f -a "emit" -d 'Store an event of a user, or many as JSON lines on stdin'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -f -a "events" -d 'The stored events and their state at each target'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -f -a "queue" -d 'How much is still to be delivered'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and not __fish_seen_subcommand_from emit events queue stats" -f -a "stats" -d 'The results of past deliveries'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l user-id -d 'The user\'s number' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l id -d 'Identifies the event: given twice it is stored once' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l username -d 'The user\'s name' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l email -d 'The user\'s e-mail address' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l role -d 'The user\'s role' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l status -d 'The user\'s status; of `user.status_changed` the new one' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l phone -d 'The user\'s telephone number' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l data -d 'The event\'s data, a JSON object; `-` reads it from stdin' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l to-stream -d 'Put it into the stream instead of the database; needs `redis_url`'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from emit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -f -a "list" -d 'The newest events and their state at each target'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -f -a "show" -d 'One event in full'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -f -a "retry" -d 'Make dead letters due again'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -f -a "drop" -d 'Give events up: dead letters, or by number also those that are still tried'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from events" -f -a "replay" -d 'Deliver once more what was delivered, with the same idempotency keys'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from queue" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from queue" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from queue" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from queue" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from queue" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from queue" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from queue" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from queue" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from queue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from stats" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from stats" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from stats" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from stats" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from stats" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from stats" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from stats" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from stats" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand users; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and not __fish_seen_subcommand_from users" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and not __fish_seen_subcommand_from users" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and not __fish_seen_subcommand_from users" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and not __fish_seen_subcommand_from users" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and not __fish_seen_subcommand_from users" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and not __fish_seen_subcommand_from users" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and not __fish_seen_subcommand_from users" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and not __fish_seen_subcommand_from users" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and not __fish_seen_subcommand_from users" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and not __fish_seen_subcommand_from users" -f -a "users" -d 'Every target with the local users: who is missing there, different, or extra'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l on-lock -d 'When another run holds a lock: fail, skip, wait or wait=DUR' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l max-runtime -d 'End the run after this time, `none` for no limit; what was committed stays' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l trigger -d 'Who started it; manual on a terminal by default, else auto' -r -f -a "auto\t''
manual\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l accept-deletes -d 'Allow up to this many deletions that a guard would withhold' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l metrics-file -d 'Write the metrics\' text here after the run' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l target -d 'Only this target (may be repeated); all that are enabled by default' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l dry-run -d 'Fetch, compare and show, but write nothing'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l force -d 'Ignore the minimum interval and a pause that the upstream requested'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l allow-partial -d 'Exit 0 instead of 3 when some items or scopes failed'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l error-on-no-change -d 'Exit 9 when nothing changed'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l repair -d 'Enqueue an event for each difference, to that target only; `tongbu sync users` delivers them'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand check; and __fish_seen_subcommand_from users" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and not __fish_seen_subcommand_from list" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and not __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and not __fish_seen_subcommand_from list" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and not __fish_seen_subcommand_from list" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and not __fish_seen_subcommand_from list" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and not __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and not __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and not __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and not __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and not __fish_seen_subcommand_from list" -f -a "list" -d 'The stored films of every source, newest first'
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and __fish_seen_subcommand_from list" -l source -d 'Only films of this source' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and __fish_seen_subcommand_from list" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and __fish_seen_subcommand_from list" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and __fish_seen_subcommand_from list" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and __fish_seen_subcommand_from list" -l missing-details -d 'Only films without details: never fetched, blocked, unreadable or gone'
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand films; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
