"""What is compared as soon as the program has it."""

# Preemption and nominated Pods: `actimanager explain` has a "postFilter", Filter plugins see nominated Pods. With True,
# a report without it is a difference, and the families of preemption are among those that clusters are made of.
PREEMPTION = True
