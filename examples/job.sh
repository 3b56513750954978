#!/bin/bash
# A tool as a Slurm job that goes on until it is done:
#   sbatch -t 240 examples/job.sh nf-train data.h5 -c exp.json -o teacher.h5
# Five minutes before its time is up, or when the job is moved, the tool saves and says 75; then the job is
# queued again, and the same command goes on.
#SBATCH --signal=TERM@300
#SBATCH --requeue
#SBATCH --open-mode=append
srun "$@"
status=$?
[ $status != 75 ] || scontrol requeue "$SLURM_JOB_ID"
exit $status
