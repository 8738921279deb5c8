"""A table in, predictions out: iris flowers from a CSV file.

What a table needs - reading, held-out rows, scaling, names of classes, a penalty chosen on rows set apart - is part of
the model. The same from the shell: ``chainrule train iris.csv --target species``.
"""

import tempfile
from pathlib import Path

from sklearn.datasets import load_iris

import chainrule as cr

folder = Path(tempfile.mkdtemp())

# Somebody's table: 150 flowers, four measurements in cm and the name of the species.
iris = load_iris(as_frame=True)
flowers = iris.data.assign(species=iris.target_names[iris.target])
shuffled = flowers.sample(frac=1, random_state=0)
shuffled[:120].to_csv(folder / "iris.csv", index=False)
shuffled[120:].to_csv(folder / "new.csv", index=False)

model = cr.train_table(folder / "iris.csv", "species")
print(model)
print(model.outcome)

# 30 flowers that it has not seen. Their columns may come in any order; they are found by name.
score = model.score(folder / "new.csv")
print(f"{score.rate:.0%} right, {score.plain_rate:.0%} by always naming the commonest species")
print(score.confusion)

# One flower is a table of one row.
flower = {"sepal length (cm)": [6.0], "sepal width (cm)": [2.7], "petal length (cm)": [5.1], "petal width (cm)": [1.6]}
print(model.predict(flower)[0])
for species, probability in zip(model.classes, model.predict_proba(flower)[0], strict=True):
    print(f"  {species:<12} {probability:.2f}")

# The file holds data only. Loaded anywhere, it predicts the same bits.
cr.save(model, folder / "iris.model")
again = cr.load(folder / "iris.model")
assert (again.predict_proba(flower) == model.predict_proba(flower)).all()
assert score.rate > 0.85
