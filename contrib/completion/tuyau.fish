# Completion of tuyau for fish: put it into ~/.config/fish/completions/. Ids come with their titles
# from a running tuyaud; none is started.

function __tuyau_ids
    tuyau --no-start inbox --all --limit 500 2>/dev/null | awk -F '\t' '{ print $1 "\t" $5 }'
end

function __tuyau_circles
    tuyau --no-start circle list 2>/dev/null | awk -F '\t' '{ print $4 "\t" $1 }'
end

complete -c tuyau -f

complete -c tuyau -n __fish_use_subcommand -a new -d 'make a circle'
complete -c tuyau -n __fish_use_subcommand -a invite -d 'make an invitation for one person'
complete -c tuyau -n __fish_use_subcommand -a join -d 'enter a circle with an invitation'
complete -c tuyau -n __fish_use_subcommand -a profile -d 'what the circle knows of you'
complete -c tuyau -n __fish_use_subcommand -a 'tip donne' -d 'give a tip to the circle'
complete -c tuyau -n __fish_use_subcommand -a 'ask demande' -d 'ask the circle'
complete -c tuyau -n __fish_use_subcommand -a inbox -d 'what the others gave and ask'
complete -c tuyau -n __fish_use_subcommand -a show -d 'all of one tip or ask'
complete -c tuyau -n __fish_use_subcommand -a search -d 'tips and asks that hold all these words'
complete -c tuyau -n __fish_use_subcommand -a circle -d 'which circles, and who is in them'
complete -c tuyau -n __fish_use_subcommand -a status -d 'the daemon, its circles and its peers'
complete -c tuyau -n __fish_use_subcommand -a stop -d 'end the daemon'
complete -c tuyau -n __fish_use_subcommand -a version -d 'the version'
complete -c tuyau -n __fish_use_subcommand -a help -d 'what can be typed'

complete -c tuyau -l home -r -F -d 'everything is under this directory'
complete -c tuyau -s C -x -a '(__tuyau_circles)' -d 'which circle'
complete -c tuyau -l json -d 'one JSON document'
complete -c tuyau -s q -l quiet -d 'ids only'
complete -c tuyau -l no-start -d 'do not start tuyaud'
complete -c tuyau -s y -l yes -d 'take the proposed answers'
complete -c tuyau -l no-input -d 'never ask'
complete -c tuyau -l wait -d 'until peers have it'
complete -c tuyau -s h -l help -d 'help'
complete -c tuyau -s V -l version -d 'the version'

set -l person '__fish_seen_subcommand_from new join'
complete -c tuyau -n $person -l as -x -d 'your name'
complete -c tuyau -n $person -s c -l company -x -d 'your company'
complete -c tuyau -n $person -l seat -x -d 'your line of business'
complete -c tuyau -n $person -l sells -x -d 'what you sell'
complete -c tuyau -n $person -l looks-for -x -d 'whom you look for'
complete -c tuyau -n $person -l not-for -x -d 'who is none for you'
complete -c tuyau -n $person -l zone -x -d 'where you work'
complete -c tuyau -n $person -l languages -x -d 'which you speak'
complete -c tuyau -n $person -l reach -x -d 'how to reach you'
complete -c tuyau -n '__fish_seen_subcommand_from new' -l inside -d 'among colleagues'
complete -c tuyau -n '__fish_seen_subcommand_from new' -l between -d 'among companies'
complete -c tuyau -n '__fish_seen_subcommand_from join' -l no-wait -d 'do not wait for the first sync'
complete -c tuyau -n '__fish_seen_subcommand_from join' -l timeout -x -d 'seconds to reach the inviter'

complete -c tuyau -n '__fish_seen_subcommand_from invite' -l days -x -d 'how long it is good'
complete -c tuyau -n '__fish_seen_subcommand_from invite' -l qr -d 'draw it for a phone'
complete -c tuyau -n '__fish_seen_subcommand_from invite' -l out -r -F -d 'write it to a file'

set -l give '__fish_seen_subcommand_from tip donne ask demande'
complete -c tuyau -n $give -s c -l company -x -d 'at which company'
complete -c tuyau -n $give -l role -x -d 'whom to speak to'
complete -c tuyau -n $give -s t -l tag -x -d 'a word to find it by'
complete -c tuyau -n $give -l place -x -d where
complete -c tuyau -n $give -l for -x -d 'for one member'
complete -c tuyau -n $give -l budget -x -a '0-1k 1-5k 5-20k 20-100k 100k+'
complete -c tuyau -n $give -l when -x -d when
complete -c tuyau -n $give -l lang -x -d 'its language'
set -l tip '__fish_seen_subcommand_from tip donne'
complete -c tuyau -n $tip -l need -x -d 'what they need'
complete -c tuyau -n $tip -s w -l warm -x -a '0 1 2 3 4 5' -d 'how warm'
complete -c tuyau -n $tip -l link -x -a 'client colleague friend supplier heard'
complete -c tuyau -n $tip -l sector -x -d 'their line of business'
complete -c tuyau -n $tip -l life -x -d 'how long it stays open'
complete -c tuyau -n $tip -l claims -x -a 'first pick many'
complete -c tuyau -n $tip -l reward -x -d 'what it is worth to the giver'
complete -c tuyau -n $tip -l told -d 'the person knows'
set -l ask '__fish_seen_subcommand_from ask demande'
complete -c tuyau -n $ask -a 'profile intro vouch news supplier'
complete -c tuyau -n $ask -l blurb -x -d 'a text to pass on'
complete -c tuyau -n $ask -l until -x -d 'how long it stays open'
complete -c tuyau -n $ask -l skills -x -d 'what he must know'
complete -c tuyau -n $ask -l person -x -d 'about whom'
complete -c tuyau -n $ask -l why -x -d 'the reason'

complete -c tuyau -n '__fish_seen_subcommand_from inbox circle' -s a -l all -d 'all of them'
complete -c tuyau -n '__fish_seen_subcommand_from inbox' -l mine -d 'what I gave and asked'
complete -c tuyau -n '__fish_seen_subcommand_from inbox' -l for-me -d 'what is meant for me'
complete -c tuyau -n '__fish_seen_subcommand_from inbox search' -s n -l limit -x -d 'at most'
complete -c tuyau -n '__fish_seen_subcommand_from show' -a '(__tuyau_ids)'
complete -c tuyau -n '__fish_seen_subcommand_from show' -l blurb -d 'only the text to pass on'
complete -c tuyau -n '__fish_seen_subcommand_from circle' -a 'list show members'
complete -c tuyau -n '__fish_seen_subcommand_from profile' -a 'show set'
complete -c tuyau -n '__fish_seen_subcommand_from help' -a 'new invite join profile tip ask inbox show search circle status stop version'
