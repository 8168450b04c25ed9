# Writes the digest of each foreign image behind its version, in the compose files and in the Dockerfile beside this: a version
# can be built anew under its name, a digest cannot. docs/install.md.
#   sh deploy/docker/pin-images.sh
# All digests are asked for first: where one cannot be had, no file is changed. What has a digest already keeps it.
set -eu
cd "$(dirname "$0")"
files="Dockerfile compose.yaml compose.embedded.yaml"
# shellcheck disable=SC2086 # the names are words
images=$(sed -n -e 's/^FROM \([^ @]*:[^ @]*\) AS .*$/\1/p' -e 's/^ *image: \([^ @]*\)$/\1/p' $files | sort -u)
changes=
for image in $images; do
  case $image in compliance:*) continue ;; esac # built here
  digest=$(docker buildx imagetools inspect "$image" | sed -n 's/^Digest: *//p' | head -n 1)
  case $digest in
    sha256:*) ;;
    *)
      echo "$image: no digest" >&2
      exit 1
      ;;
  esac
  changes="$changes;s#\(FROM \|image: \)$image\( \|\$\)#\1$image@$digest\2#"
done
# shellcheck disable=SC2086 # as above
sed -i -e "$changes" $files
