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
complete -c tongbu -n "__fish_tongbu_needs_command" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_needs_command" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_needs_command" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_needs_command" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_needs_command" -s V -l version -d 'Print version'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "sync" -d 'Make one sync pass'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "records" -d 'What past runs did'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "locks" -d 'Who holds which lock'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "status" -d 'How each sync stands'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "config" -d 'The configuration file'
complete -c tongbu -n "__fish_tongbu_needs_command" -f -a "generate" -d 'Completions, manual pages, JSON Schemas'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing all" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing all" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing all" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing all" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing all" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing all" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing all" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing all" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing all" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing all" -f -a "fairing" -d 'Survey questions and responses of every Fairing account'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and not __fish_seen_subcommand_from fairing all" -f -a "all" -d 'Every configured upstream; one failing does not stop the others, the worst code wins'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l account -d 'Only this account (may be repeated); all configured ones by default' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l kind -d 'Only this kind; both by default' -r -f -a "questions\t''
responses\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l on-lock -d 'When another run holds a lock: fail, skip, wait or wait=DUR' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l max-runtime -d 'End the run after this time, `none` for no limit; what was committed stays' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l trigger -d 'Who started it; manual on a terminal by default, else auto' -r -f -a "auto\t''
manual\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l accept-deletes -d 'Allow up to so many deletions that a guard would withhold' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l metrics-file -d 'Write the metrics\' text here after the run' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l incremental -d 'Only what changed since the last pass; never deletes'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l dry-run -d 'Fetch, compare and show, but write nothing'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l force -d 'Ignore the minimum interval and a pause the upstream asked for'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l allow-partial -d 'Exit 0 instead of 3 when some items or scopes failed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l error-on-no-change -d 'Exit 9 when nothing changed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from fairing" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l on-lock -d 'When another run holds a lock: fail, skip, wait or wait=DUR' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l max-runtime -d 'End the run after this time, `none` for no limit; what was committed stays' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l trigger -d 'Who started it; manual on a terminal by default, else auto' -r -f -a "auto\t''
manual\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l accept-deletes -d 'Allow up to so many deletions that a guard would withhold' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l metrics-file -d 'Write the metrics\' text here after the run' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l dry-run -d 'Fetch, compare and show, but write nothing'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l force -d 'Ignore the minimum interval and a pause the upstream asked for'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l allow-partial -d 'Exit 0 instead of 3 when some items or scopes failed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l error-on-no-change -d 'Exit 9 when nothing changed'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand sync; and __fish_seen_subcommand_from all" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -f -a "list" -d 'The newest runs'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -f -a "show" -d 'One run in full'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -f -a "read" -d 'Mark runs as read'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -f -a "stats" -d 'Success rate, match rate and duration trend of each sync'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and not __fish_seen_subcommand_from list show read stats prune" -f -a "prune" -d 'Delete old records; each sync\'s last success and last failure stay, cursors are not touched'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l sync -d 'Only this upstream\'s' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l window -d 'Only of this type, such as historical' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l status -d 'Only those that stand or ended so' -r -f -a "running\t''
success\t''
partial\t''
failed\t''
cancelled\t''
interrupted\t''
skipped\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l trigger -d 'Only those started so' -r -f -a "auto\t''
manual\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l since -d 'Only those started since: 7d, 2025-10-24' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l page -d 'Which page, from 1' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l per-page -d 'Records a page' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l failed -d 'Only those that failed, wholly or in part'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l unread -d 'Only those not marked as read'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l log -d 'With the run\'s lines from the log file'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l all -d 'Every one'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from read" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l sync -d 'Only this upstream\'s' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l since -d 'Only those started since' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l older-than -d 'Those that ended longer ago; `[records] keep` by default' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l keep -d 'Also those beyond the newest N of each sync' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l dry-run -d 'Only count them'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand records; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -f -a "list" -d 'Held and stale locks'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -f -a "clean" -d 'Release what dead runs left behind, and mark these runs as interrupted'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and not __fish_seen_subcommand_from list clean break" -f -a "break" -d 'Take a lock away from its holder, whose next write is then refused'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l all -d 'Also those that nobody holds'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l dry-run -d 'Only show what would be cleaned'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from clean" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l token -d 'The token `locks list` shows: a lock that has a new holder meanwhile stays' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand locks; and __fish_seen_subcommand_from break" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l max-age -d 'Exit 14 when the last success of NAME is older; may be repeated' -r
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -f -a "init" -d 'Write a commented configuration to fill in; never over an existing file'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -f -a "path" -d 'Where configuration and database are, and what says so'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -f -a "show" -d 'The settings in effect, each with what set it; secrets only as references'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and not __fish_seen_subcommand_from init path show check" -f -a "check" -d 'Read everything and open every configured upstream, without sending anything'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema" -f -a "completions" -d 'A completion script for a shell'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema" -f -a "man" -d 'A manual page for every command'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and not __fish_seen_subcommand_from completions man schema" -f -a "schema" -d 'JSON Schemas of every document `--json` prints'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -l db -d 'The database file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -l config -d 'The configuration file' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -l log-file -d 'Log as JSON lines, a file a day: `a.jsonl` becomes `a.2025-10-24.jsonl`' -r -F
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -l lang -d 'The language of tables and summaries; by the locale by default' -r -f -a "en\t''
zh\t''"
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -l json -d 'Answer with one JSON document'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -s q -l quiet -d 'Say nothing on success'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -s v -l verbose -d 'Log to stderr; twice for more'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -l no-progress -d 'No progress bars'
complete -c tongbu -n "__fish_tongbu_using_subcommand generate; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help (see more with \'--help\')'
