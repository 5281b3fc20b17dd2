# Completion of tuyau for bash: source this file, or put it into
# /usr/share/bash-completion/completions/tuyau. Ids come from a running tuyaud; none is started.

_tuyau_options() {
	case $1 in
	new) echo "--as --company --seat --sells --looks-for --not-for --zone --languages --reach" \
		"--inside --between --lang" ;;
	join) echo "--as --company --seat --sells --looks-for --not-for --zone --languages --reach" \
		"--no-wait --timeout" ;;
	invite) echo "--days --qr --out" ;;
	tip | donne) echo "--company --need --role --warm --link --for --tag --budget --when" \
		"--place --sector --life --claims --reward --lang --told --who --phone --email" \
		"--best-time --hide-company --size --why-private --edit" ;;
	done) echo "--contacted --meeting --quoted --won --lost --no-answer --not-a-fit --asked --agreed" \
		"--refused --introduced --met --done --amount --currency --because --replace --with" ;;
	give-back | pass | passe) echo "--because" ;;
	thank | merci) echo "--share --back" ;;
	edit) echo "--title --company --need --role --warm --tag --budget --when --place" ;;
	answer) echo "--relay --intro --me --call --moved --as-of --who --role --phone --email --strength --told" \
		"--no" ;;
	ask | demande) echo "--company --role --blurb --tag --until --place --skills --person --why" \
		"--for --budget --when --lang --to --hide-count" ;;
	inbox) echo "--all --mine --for-me --limit \
		from: company: kind: state: tag: warm: age: due:" ;;
	search) echo "--limit from: company: kind: state: tag: warm: age: due:" ;;
	watch) echo "add test list mute unmute remove --digest --until --limit from: company: kind: state: tag: warm: age:" ;;
	digest) echo "--since --mail" ;;
	value) echo "--since" ;;
	forget | oublie) echo "--person --company --closed-before --dry-run --status" ;;
	audit | registre) echo "--since" ;;
	calendar | agenda) echo "--names" ;;
	export | exporte) echo "--about --all" ;;
	notice | préviens) echo "--lang" ;;
	show) echo "--blurb" ;;
	vouch) echo "write sign send get list revoke --from --for --about --relation --since --fact --limits" \
		"--phone --days --lang --edit --out" ;;
	verify) echo "--key" ;;
	events) echo "--follow --since" ;;
	circle) echo "list show members --all" ;;
	profile) echo "show set --vcard" ;;
	esac
}

_tuyau() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local commands="new invite join profile tip ask inbox show search watch digest value claim award done give-back
		pass edit withdraw undo forget thank answer accept solved circle events vouch verify calendar export notice audit status
		stop version help donne demande prends passe merci nouvelles aide
		nouveau rejoins profil montre cherche attribue fait rends modifie retire annule oublie
		réponds accepte résolu cercle veille résumé bilan événements lettre vérifie
		agenda exporte préviens registre statut arrête boîte"
	local globals="--home -C --json --quiet --no-start --yes --no-input --wait --help --version"
	local command="" word i
	local -a where=()
	COMPREPLY=()

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--home | -C)
			where+=("$word" "${COMP_WORDS[i + 1]}")
			((i++))
			;;
		-*) ;;
		*) [ -n "$command" ] || command=$word ;;
		esac
	done

	case $prev in
	--home) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	--out) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	-C)
		local IFS=$'\n'
		mapfile -t COMPREPLY < <(compgen -W "$(tuyau "${where[@]:0:${#where[@]}-2}" --no-start \
			circle list 2>/dev/null | cut -f4)" -- "$cur")
		return
		;;
	--warm | -w) mapfile -t COMPREPLY < <(compgen -W "0 1 2 3 4 5" -- "$cur"); return ;;
	--link) mapfile -t COMPREPLY < <(compgen -W "client colleague friend supplier heard" \
		-- "$cur"); return ;;
	--claims) mapfile -t COMPREPLY < <(compgen -W "first pick many" -- "$cur"); return ;;
	--budget) mapfile -t COMPREPLY < <(compgen -W "0-1k 1-5k 5-20k 20-100k 100k+" \
		-- "$cur"); return ;;
	esac

	local words
	case $command in
	"") words="$commands $globals" ;;
	help) words=$commands ;;
	verify) mapfile -t COMPREPLY < <(compgen -f -W "$(_tuyau_options verify) $globals" \
		-- "$cur"); return ;;
	calendar | agenda | export | exporte) mapfile -t COMPREPLY < <(compgen -f \
		-W "$(_tuyau_options "$command") $globals" -- "$cur"); return ;;
	vouch) words="$(_tuyau_options vouch) $globals
		$(tuyau "${where[@]}" --no-start inbox --all kind:vouch -q 2>/dev/null)
		$(tuyau "${where[@]}" --no-start vouch list -q 2>/dev/null)" ;;
	show | claim | prends | award | done | give-back | pass | passe | edit | withdraw | forget | oublie | thank | merci | answer | accept | solved | notice | préviens)
		words="$(_tuyau_options "$command") $globals
		$(tuyau "${where[@]}" --no-start inbox --all --limit 500 -q 2>/dev/null)" ;;
	ask | demande) words="$(_tuyau_options ask) $globals profile intro vouch news supplier" ;;
	*) words="$(_tuyau_options "$command") $globals" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	[[ ${COMPREPLY[0]} != *: ]] || compopt -o nospace
}

complete -F _tuyau tuyau
