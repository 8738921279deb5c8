"""Handwritten digits with scikit-learn's interface: only the import differs from scikit-learn's own example.

1,797 pictures of 8 x 8 pixels. A tenth of the training rows is held out; training stops when the share of them that
is recognised no longer rises, and the best weights are kept.
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from chainrule import MLPClassifier

X, digits = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, digits, test_size=0.25, stratify=digits, random_state=0)

model = MLPClassifier(
    hidden_layer_sizes=(64,),
    standardize=True,  # every pixel to mean 0 and spread 1, kept in the model: no Pipeline needed
    early_stopping=True,
    learning_rate_init=0.005,
    random_state=0,
)
model.fit(X_train, y_train)

print("The network:      ", model.network_)
print("How it ended:     ", model.outcome_)
print("Epochs:           ", model.n_iter_)
print(f"Best on held out:  {model.best_validation_score_:.3f}")
print(f"Never seen:        {model.score(X_test, y_test):.3f}")

# The picture it is least sure of.
certainty = model.predict_proba(X_test).max(axis=1)
worst = certainty.argmin()
print(f"Least certain: {model.predict(X_test)[worst]} with probability {certainty[worst]:.2f}; it is {y_test[worst]}")
for row in X_test[worst].reshape(8, 8):
    print("   ", "".join(" .:-=+*#%@"[int(value / 16 * 9)] * 2 for value in row))

assert model.score(X_test, y_test) > 0.95
