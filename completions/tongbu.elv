
set edit:completion:arg-completer[tongbu] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) TONGBU_COMPLETE="elvish" tongbu -- $@words) | to-lines
}

