# shellcheck shell=bash disable=SC2048,SC2086
# Shared by the scripts of contrib/: the packages they need, and installing the missing ones.
# To be sourced by bash (lists are split into words on purpose). Sets TUY_ROOT, the top of the
# source tree, and TUY_JOBS.

TUY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TUY_JOBS=$(nproc 2>/dev/null || echo 2)

# What a build of tuyau and tuyaud needs on Debian 12.
TUY_PACKAGES_BUILD="build-essential cmake ninja-build pkg-config libuv1-dev libsodium-dev
	libmsgpack-dev liblmdb-dev libutf8proc-dev libinih-dev libjansson-dev libqrencode-dev
	libstemmer-dev gettext"

# What the tests need beyond that.
TUY_PACKAGES_CHECK="clang clang-format clang-tidy libclang-rt-14-dev libcmocka-dev git iproute2
	minisign python3 python3-pytest python3-msgpack python3-nacl
	python3-icalendar valgrind jq"

# What the scripts say, in the language of the environment, without a package: contrib/po/fr.po is
# read as it is. Command and file names, codes and what programs look for are the same in all.
declare -A TUY_WORDS=()
tuy_words_load() {
	local lang=${LC_ALL:-${LC_MESSAGES:-${LANG:-C}}} pair
	[ "$lang" = C ] || [ "$lang" = POSIX ] || lang=${LANGUAGE:-$lang}
	[[ $lang == fr* ]] || return 0
	while IFS= read -r -d $'\036' pair; do
		TUY_WORDS[${pair%%$'\037'*}]=${pair#*$'\037'}
	done < <(awk '
		function flush() { if (ours && id != "" && str != "") printf "%s\037%s\036", id, str }
		/^#: / { flush(); ours = /contrib\//; id = str = ""; next }
		/^msgid / { to = "id"; sub(/^msgid /, "") }
		/^msgstr / { to = "str"; sub(/^msgstr /, "") }
		/^"/ {
			line = substr($0, 2, length($0) - 2)
			gsub(/\\n/, "\n", line); gsub(/\\"/, "\"", line)
			if (to == "id") id = id line; else str = str line
		}
		END { flush() }' "$TUY_ROOT/contrib/po/fr.po")
}
tuy_words_load

# words FORMAT WORD...: printf in that language, without a line end; say: with one.
words() {
	local format=$1
	shift
	# shellcheck disable=SC2059
	printf "${TUY_WORDS[$format]:-$format}" "$@"
}
say() {
	words "$@"
	echo
}

# tuy_need PACKAGE...: installs those that are missing, after saying which. Touches no network when
# none is missing. Returns 1, having said what to do, when it cannot install.
tuy_need() {
	local package missing="" sudo="" held

	if ! command -v dpkg-query >/dev/null; then
		say "No dpkg here: make sure that the equivalents of these are installed: %s" "$*"
		return 0
	fi
	held=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $* 2>/dev/null || true)
	for package in $*; do
		grep -qxF "$package installed" <<<"$held" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0

	say "Missing packages:%s" "$missing"
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			say "Neither root nor sudo. As root: apt-get install%s" "$missing" >&2
			return 1
		fi
		sudo="sudo"
		[ -t 0 ] || sudo="sudo -n"
	fi
	say "Installing them with apt-get."
	local options="-q -y -o DPkg::Lock::Timeout=120"
	local log
	log=$(mktemp)
	if $sudo env DEBIAN_FRONTEND=noninteractive apt-get $options update >"$log" 2>&1 &&
		$sudo env DEBIAN_FRONTEND=noninteractive apt-get $options \
			install --no-install-recommends $missing >>"$log" 2>&1; then
		rm -f "$log"
		return 0
	fi
	tail -n 20 "$log" >&2
	rm -f "$log"
	say "apt-get could not install:%s" "$missing" >&2
	return 1
}

# For scripts that build and run the programs.
tuy_need_build() {
	tuy_need $TUY_PACKAGES_BUILD
}

# For scripts that also run the tests.
tuy_need_check() {
	tuy_need $TUY_PACKAGES_BUILD $TUY_PACKAGES_CHECK
}

# tuy_quiet LOG COMMAND...: runs the command with its output in LOG; shows the end of it on failure.
# Returns the command's exit code.
tuy_quiet() {
	local log=$1 rc=0
	shift
	mkdir -p "$(dirname "$log")"
	"$@" >"$log" 2>&1 || rc=$?
	[ "$rc" -eq 0 ] || tail -n "${TUY_TAIL:-60}" "$log"
	return "$rc"
}

# tuy_build PRESET: configures and builds a preset of CMakePresets.json in build/PRESET. Quiet
# unless it fails.
tuy_build() {
	(cd "$TUY_ROOT" &&
		tuy_quiet "build/log/configure-$1.log" cmake --preset "$1" &&
		tuy_quiet "build/log/build-$1.log" cmake --build --preset "$1" -j "$TUY_JOBS")
}
