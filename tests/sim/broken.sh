#!/bin/sh
# Worlds in which a rule of the host is broken: each must be caught, by the invariant named here.
# broken.sh TUYAU-SIM
set -u
sim=$1
failed=0

caught() { # rule, what is said, options
	rule=$1 said=$2
	shift 2
	out=$("$sim" --break "$rule" --nodes 5 --tips 195 --big 0 --loss 0 --crashes 0 \
		--partitions 0 --clogged 0 --stalled 0 --skew 0 --suspends 0 --fulls 0 --torn 0 --losses 0 --restores 0 \
		--repeats 0 --peers 0 --clones 0 --liars 0 --equivocate 0 --degree 0 \
		--retracts 0 --expiry 0 --prune 0 \
		"$@" 2>/dev/null)
	code=$?
	case $code:$out in
	1:*"$said"*) ;;
	*)
		echo "--break $rule $*: not caught by \"$said\" (exit $code): $out"
		failed=1
		;;
	esac
}

caught durable "an entry was acknowledged and is not on the disk" --seed 1
caught lose "an entry was acknowledged and is not on the disk" --seed 2
caught deliver "entries were delivered and are not on the disk" --seed 3
caught fork "an honest log forked" --seed 7 --loss 52 --partitions 2 --fulls 5 --torn 8
caught failed "logs differ at the end" --seed 1
caught checkpoint "an honest signature was refused" --seed 2 --nodes 4 --tips 600 --crashes 3
caught credit "an honest node was blamed" --seed 2 --nodes 12 --tips 400 --big 100 --crashes 12 --degree 2
caught incarnation "an honest log forked" --seed 3 --tips 300 --restores 4
caught cut "not settled after an hour" --seed 1 --nodes 4 --tips 60 --liars 1 --equivocate 1
caught tombstone "a retracted payload is held" --seed 2 --big 30 --loss 20 --partitions 4 \
	--restores 4 --retracts 100 --expiry 1
exit $failed
