# Small files of every kind in the current folder, for the command-line tests. Source it with BIN and SOURCE set.
PATH="$BIN:$PATH"
tiny='-q --threads 1 -s train.steps=4 -s train.batch=16'
small_flow='-s flow.patch=4 -s flow.channels=16 -s flow.head=16 -s flow.blocks=2 -s flow.layers=1'
small_net='-s net.type=mlp -s net.hidden=16 -s net.depth=1'
digits="$SOURCE/data/digits.csv.gz -s shape=[1,8,8] -s range=16 -s test=0.2"
golden="$SOURCE/tests/reference/networks"

couplet-convert $digits -q -o data.h5
couplet-convert law:two-moons -s rows=200 -q -o moons.h5
nf-train data.h5 $tiny $small_flow -o teacher.h5
nf-encode-couplings teacher.h5 -q --threads 1 -o couplings.h5
nf-encode-couplings moons.h5 -s coupling=independent -q -o moon-pairs.h5
fm-train-student couplings.h5 $tiny $small_net -o student.h5
ttfm-distill student.h5 couplings.h5 $tiny -o map.h5
nf-train moons.h5 $tiny -s flow=spline -s flow.blocks=2 -o spline.h5
sample map.h5 --rows 0-19 -q --threads 1 -o samples.h5

# A chain of two blocks of diffusion and a free one, whole and in the making.
chain="$tiny $small_net -s push.steps=2 -s loss.label_drop=0"
schedule='-s coupling=[{"type":"ou-step","gamma":0.1,"rho":1.5,"blocks":2},"independent"]'
fm-train-student moons.h5 $chain $schedule --blocks 1 -o block1.h5
fm-train-student moons.h5 $chain $schedule --blocks 1 --from block1.h5 -o block2.h5
fm-train-student moons.h5 $chain $schedule -o chain.h5
nf-encode-couplings block1.h5 -s coupling=pushed -s coupling.steps=2 -q --threads 1 -o pool1.h5
ttfm-distill chain.h5 moons.h5 $tiny -s push.steps=2 -s distil.loss=endpoint --blocks 1 -o chain-map.h5

# Damaged and foreign ones.
head -c 20000 couplings.h5 > truncated.h5
cp data.h5 flipped.h5
printf '\377' | dd of=flipped.h5 bs=1 seek=$(($(stat -c %s flipped.h5) / 2)) conv=notrunc status=none
cp "$SOURCE/tests/reference/networks/tarflow-var.h5" foreign.h5
echo 'not HDF5 at all' > text.h5
printf '0,1,2,0\n3,nan,5,1\n' > nan.csv
printf '0,1,2,0\n3,4\n' > ragged.csv
echo '{"nf-train": {"train": {"stps": 3}}}' > unknown.json
echo '{"nf-trian": {}}' > section.json
echo '{"nf-train": ' > broken.json
