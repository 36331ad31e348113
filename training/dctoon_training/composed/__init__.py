"""Composed targets: the cartoon a student should learn, made from the photo and the teachers of two styles.

A teacher draws even, light, smooth faces best. So a photo's skin is brought there first (`lift`, `smooth_skin`), one or
two teachers draw it, and then the skin gets its own tone back (`restore`) and everything else its own colours
(`colours`). All of it happens before training; at run time a student costs what it did before.

Pictures in this package are float32 [H, W, 3], RGB in 0..1; masks are float32 [H, W] in 0..1.
"""
