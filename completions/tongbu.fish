complete --keep-order --exclusive --command tongbu --arguments "(TONGBU_COMPLETE=fish tongbu -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
