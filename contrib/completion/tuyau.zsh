#compdef tuyau
# Completion of tuyau for zsh: put it as _tuyau into a directory of $fpath. Ids come with their
# titles from a running tuyaud; none is started.

_tuyau_ids() {
	local -a ids
	ids=(${(f)"$(_call_program ids tuyau --no-start inbox --all --limit 500 2>/dev/null |
		awk -F '\t' '{ gsub(":", " ", $5); print $1 ":" $5 }')"})
	_describe -t ids 'tip or ask' ids
}

_tuyau_letters() {
	local -a ids
	ids=(${(f)"$(_call_program ids "tuyau --no-start inbox --all kind:vouch -q;
		tuyau --no-start vouch list -q" 2>/dev/null)"})
	compadd -a ids
}

_tuyau_circles() {
	local -a circles
	circles=(${(f)"$(_call_program circles tuyau --no-start circle list 2>/dev/null |
		awk -F '\t' '{ print $4 ":" $1 }')"})
	_describe -t circles 'circle' circles
}

_tuyau() {
	local curcontext=$curcontext state line
	local -a commands globals person filters
	commands=(
		'new:make a circle' 'nouveau:make a circle' 'invite:make an invitation for one person'
		'join:enter a circle with an invitation' 'rejoins:enter a circle with an invitation' 'profile:what the circle knows of you' 'profil:what the circle knows of you'
		'tip:give a tip to the circle' 'donne:give a tip to the circle'
		'ask:ask the circle' 'demande:ask the circle'
		'inbox:what the others gave and ask' 'boîte:what the others gave and ask' 'show:all of one tip or ask' 'montre:all of one tip or ask'
		'search:tips and asks that hold all these words' 'cherche:tips and asks that hold all these words'
		'watch:standing searches' 'veille:standing searches' 'digest:what came lately, as a text' 'résumé:what came lately, as a text'
		'value:what the circle brought' 'bilan:what the circle brought'
		'claim:take a tip' 'prends:take a tip' 'award:award a tip of yours' 'attribue:award a tip of yours'
		'done:say how far you got' 'fait:say how far you got' 'give-back:give a tip back' 'rends:give a tip back'
		'pass:not for you' 'passe:not for you' 'edit:say it otherwise' 'modifie:say it otherwise'
		'withdraw:take it back' 'retire:take it back' 'undo:take back what was given just now' 'annule:take back what was given just now'
		'forget:erase for good; who has confirmed' 'oublie:erase for good; who has confirmed'
		'thank:say thanks' 'merci:say thanks' 'answer:answer an ask' 'réponds:answer an ask'
		'accept:accept an answer' 'accepte:accept an answer' 'solved:the ask needs no more answers' 'résolu:the ask needs no more answers'
		'circle:which circles, and who is in them' 'cercle:which circles, and who is in them'
		'events:what has happened' 'événements:what has happened'
		'vouch:letters of recommendation' 'lettre:letters of recommendation' 'verify:check a letter or any file signed with minisign' 'vérifie:check a letter or any file signed with minisign'
		'calendar:what is due, for a calendar' 'agenda:what is due, for a calendar'
		'export:everything of your own as files' 'exporte:everything of your own as files'
		'notice:what to tell a person you name or call'
		'préviens:what to tell a person you name or call'
		'audit:what was done with data about persons'
		'registre:what was done with data about persons'
		'status:the daemon, its circles and its peers' 'statut:the daemon, its circles and its peers' 'stop:end the daemon' 'arrête:end the daemon'
		'version:the version' 'help:what can be typed' 'aide:what can be typed'
	)
	filters='from\: company\: kind\: state\: tag\: warm\: age\:'
	globals=(
		'--home[everything is under this directory]:directory:_files -/'
		'-C[which circle]:circle:_tuyau_circles'
		'--json=-[one JSON document]::fields:' '(-q --quiet)'{-q,--quiet}'[ids only]'
		'--no-start[do not start tuyaud]' '(-y --yes)'{-y,--yes}'[take the proposed answers]'
		'--no-input[never ask]' '--wait=-[until peers have it]::peers:'
		'(-h --help)'{-h,--help}'[help]' '(-V --version)'{-V,--version}'[the version]'
	)
	person=(
		'--as[your name]:name:' '(-c --company)'{-c,--company}'[your company]:company:'
		'--seat[your line of business]:seat:' '--sells[what you sell]:text:'
		'--looks-for[whom you look for]:text:' '--not-for[who is none for you]:text:'
		'--zone[where you work]:text:' '--languages[which you speak]:text:'
		'--reach[how to reach you]:text:'
	)

	_arguments -C $globals '1: :->command' '*:: :->rest'
	case $state in
	command) _describe -t commands 'command' commands ;;
	rest)
		case $words[1] in
		new) _arguments $globals $person '--inside' '--between' '--lang:language:' '*:name:' ;;
		join) _arguments $globals $person '--no-wait' '--timeout:seconds:' '1:code:' ;;
		invite) _arguments $globals '--days:days:' '--qr' '--out:file:_files' '*:name:' ;;
		tip | donne)
			_arguments $globals '(-c --company)'{-c,--company}':company:' '--need:text:' \
				'--role:role:' '(-w --warm)'{-w,--warm}':warmth:(0 1 2 3 4 5)' \
				'--link:link:(client colleague friend supplier heard)' '--for:member:' \
				'*'{-t,--tag}':tag:' '--budget:band:(0-1k 1-5k 5-20k 20-100k 100k+)' \
				'--when:when:' '--place:place:' '--sector:sector:' '--life:life:' \
				'--claims:claims:(first pick many)' '--reward:text:' '--lang:language:' \
				'--told' '*:title:'
			;;
		ask | demande)
			_arguments $globals '(-c --company)'{-c,--company}':company:' '--role:role:' \
				'--blurb:text:' '*'{-t,--tag}':tag:' '--until:date:' '--place:place:' \
				'--skills:text:' '--person:name:' '--why:text:' '--for:member:' \
				'--budget:band:(0-1k 1-5k 5-20k 20-100k 100k+)' '--when:when:' \
				'--lang:language:' '1:kind:(profile intro vouch news supplier)' '*:text:'
			;;
		inbox) _arguments $globals '(-a --all)'{-a,--all} '--mine' '--for-me' \
			'(-n --limit)'{-n,--limit}':number:' "*:filter:($filters)" ;;
		search) _arguments $globals '(-n --limit)'{-n,--limit}':number:' \
			"*:words:($filters)" ;;
		watch) _arguments $globals '--digest' '--until:date:' '--limit:number:' \
			'1:what:(add test list mute unmute remove)' \
			"*:words:($filters)" ;;
		digest) _arguments $globals '--since:span:' '--mail' ;;
		calendar | agenda) _arguments $globals '--names' '1:file:_files' ;;
		export | exporte) _arguments $globals '--about:name:' '--all' '1:directory:_files -/' ;;
		notice | préviens) _arguments $globals '--lang:language:(fr en)' '1:id:_tuyau_ids' ;;
		audit | registre) _arguments $globals '--since:span:' ;;
		value) _arguments $globals '--since:span:' ;;
		events) _arguments $globals '(-f --follow)'{-f,--follow} '--since:position:' ;;
		vouch)
			_arguments $globals '--for:who:' '--about:company:' '--relation:text:' \
				'--since:when:' '*--fact:text:' '--limits:text:' '--phone:phone:' \
				'--days:days:' '--lang:language:(fr en)' '(-e --edit)'{-e,--edit} \
				'--out:directory:_files -/' '1:what:(write sign send list revoke)' \
				'2:id:_tuyau_letters'
			;;
		verify) _arguments $globals '--key:key:_files' '1:file:_files' \
			'2:signature:_files -g "*.minisig"' ;;
		show) _arguments $globals '--blurb' '1:id:_tuyau_ids' ;;
		forget|oublie) _arguments $globals '--person:name:' '--company:name:' \
			'--closed-before:span:' --dry-run --status '*:id:_tuyau_ids' ;;
		claim|prends|award|withdraw|accept|solved|edit) _arguments $globals '1:id:_tuyau_ids' '*:text:' ;;
		done) _arguments $globals --{contacted,meeting,quoted,won,lost,no-answer,not-a-fit} \
			--{asked,agreed,introduced,met,done,replace} '--amount:amount:' \
			'--currency:currency:' '--because:code:' '1:id:_tuyau_ids' '*:text:' ;;
		give-back|pass|passe) _arguments $globals '--because:code:' '1:id:_tuyau_ids' '*:text:' ;;
		thank|merci) _arguments $globals --{share,back} '1:id:_tuyau_ids' '*:text:' ;;
		answer) _arguments $globals --{relay,intro,me,told,no} '--moved:company:' '--as-of:date:' \
			'--who:name:' '--phone:phone:' '--email:email:' '1:id:_tuyau_ids' '*:text:' ;;
		circle) _arguments $globals '(-a --all)'{-a,--all} '1:what:(list show members)' \
			'*:circle:_tuyau_circles' ;;
		profile) _arguments $globals '--vcard' '1:what:(show set)' '*:value:' ;;
		help) _describe -t commands 'command' commands ;;
		*) _arguments $globals ;;
		esac
		;;
	esac
}

_tuyau "$@"
