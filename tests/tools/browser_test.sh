#!/bin/bash
# A report of files of every kind in a real browser: on a desk and on a phone, light and dark. Checks that nothing is
# loaded, nothing is wider than the screen, and that all text and all curves stand out from the paper.
# BIN: the tools, SOURCE: the tree.  KEEP=FOLDER keeps the page and the screenshots.
set -eu
command -v chromium > /dev/null || { echo "no chromium (Debian's package): the report is not looked at"; exit 77; }
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"; . "$SOURCE/tests/tools/fixture.sh"
for n in 1 2 4; do
  sample student.h5 --rows 0-39 -s steps=$n -q --threads 1 -o student-$n.h5
  sample map.h5 --rows 0-39 -s steps=$n -q --threads 1 -o map-$n.h5
done
sample teacher.h5 --rows 0-39 -q --threads 1 -o samples-teacher.h5
eval-fid student-?.h5 map-?.h5 samples-teacher.h5 data.h5 --features "$SOURCE/data/features/digits.h5" --metrics all \
  --kid_size 20 --bootstrap 5 -q > all.json
eval-fid student-?.h5 data.h5 --metrics fd,energy -q > pixels.json
eval-fid chain.h5 moons.h5 -s split=all -s nll.rows=20 -s nll.steps=2 -q > nll.json
couplet-report data.h5 teacher.h5 couplings.h5 student*.h5 map*.h5 samples-teacher.h5 teacher.h5.jsonl student.h5.jsonl \
  all.json pixels.json -q -o images.html
for n in 1 4; do sample chain.h5 --rows 0-99 -s steps=$n -s path=true -q -o paths-$n.h5; done
couplet-report moons.h5 moon-pairs.h5 chain*.h5 paths-?.h5 nll.json chain.h5.block?.jsonl -q -o plane.html

browse() {  # options and page: the DOM when all is done
  chromium --headless --no-sandbox --disable-gpu --user-data-dir="$folder/profile" --allow-file-access-from-files \
    --hide-scrollbars --virtual-time-budget=3000 "$@" 2> chromium.txt
}
# In a frame as wide as a screen: what is wider, what can hardly be read, what was loaded.
cat > look.html <<'END'
<iframe id="screen" style="border:0;height:900px"></iframe><pre id="found"></pre>
<script>
const [page, width] = location.hash.slice(1).split(','), screen = document.getElementById('screen');
const light = c => c.match(/[\d.]+/g).slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
screen.style.width = width + 'px';
screen.onload = () => {
  const page = screen.contentDocument, found = [], color = e => page.defaultView.getComputedStyle(e).color;
  const paper = page.defaultView.getComputedStyle(page.body).backgroundColor;
  if (page.documentElement.scrollWidth > width) found.push('as wide as ' + page.documentElement.scrollWidth);
  for (const e of page.querySelectorAll('p,li,th,td,figcaption,summary,pre,a,text'))
    if (contrast(color(e), paper) < 4.5) found.push('hard to read: ' + e.outerHTML.slice(0, 80));
  for (const e of page.querySelectorAll('[class^=c]'))
    if (contrast(color(e), paper) < 3) found.push('hard to see: ' + e.className.baseVal + ' ' + color(e));
  for (const e of page.images) if (!e.naturalWidth) found.push('no picture: ' + e.alt);
  if (!page.querySelector('svg') || !page.querySelector('h2')) found.push('no plot or no section');
  for (const r of page.defaultView.performance.getEntriesByType('resource'))
    if (!r.name.startsWith('data:')) found.push('loads ' + r.name);
  document.scripts[0].remove();  // its own words are not among what was seen
  document.getElementById('found').textContent =
    'SEEN ' + paper + (contrast(paper, 'rgb(0,0,0)') < 3 ? ' dark' : ' light') + '\n' + [...new Set(found)].join('\n');
};
screen.src = page + '.html';
</script>
END
blank=$(printf '<p>' > blank.html; browse --window-size=1200,900 --screenshot=blank.png blank.html; stat -c %s blank.png)
for page in images plane; do
  grep -oE 'https?://[^" ]*' $page.html | grep -vx 'http://www.w3.org/2000/svg' && { echo "$page.html names an address"; exit 1; }
  for theme in dark light; do
    scheme=$([ $theme = dark ] && echo 0 || echo 1)
    for width in 1200 360; do
      browse --blink-settings=preferredColorScheme=$scheme --window-size=1300,1000 --dump-dom \
        "file://$folder/look.html#$page,$width" | sed -n '/SEEN/,/<\/pre>/p' | sed 's/.*SEEN/SEEN/; s|</pre>.*||' > seen.txt
      { grep -q "SEEN.* $theme" seen.txt && [ "$(grep -c . seen.txt)" = 1 ]; } ||
        { echo "$page.html, $theme, $width pixels wide:"; cat seen.txt; exit 1; }
      browse --blink-settings=preferredColorScheme=$scheme --window-size=$width,2400 --screenshot=$page-$theme-$width.png $page.html
      size=$(stat -c %s $page-$theme-$width.png)
      [ "$size" -gt $((4 * blank)) ] || { echo "$page-$theme-$width.png is blank: $size bytes"; exit 1; }
    done
  done
done
[ -z "${KEEP:-}" ] || { mkdir -p "$KEEP" && cp ./*.html ./*.png "$KEEP"; }
echo "two pages seen on two screens in two themes"
