# bash completion for jsonata(1)

_jsonata() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local before=${COMP_WORDS[COMP_CWORD - 2]:-}
    local options='--from-file --null-input --slurp --raw-input --compact-output --raw-output --join-output --sort-keys
        --ascii-output --color-output --monochrome-output --indent --tab --unbuffered --arg --argjson --slurpfile --rawfile
        --exit-status --timelimit --depth --memory --ast --recover --dump --repl --batch --bench --plain --help --version'
    COMPREPLY=()
    case $previous in
    --dump)
        COMPREPLY=($(compgen -W 'tokens tree' -- "$current"))
        return ;;
    --arg | --argjson | --slurpfile | --rawfile | --indent | --timelimit | --depth | --memory | --bench)
        return ;;               # a name or a number, which nobody knows
    esac
    case $before in
    --arg | --argjson)
        return ;;
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
    else
        COMPREPLY=($(compgen -f -- "$current"))
        compopt -o filenames 2>/dev/null
    fi
}

complete -F _jsonata jsonata
